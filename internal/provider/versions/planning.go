package versions

import (
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

// planning is what a plan knows when it looks at the regions.
type planning struct {
	before *versionstate.Model // nil at a create
	life   *lifecycle.Life
	zip    versionstate.Zip
	known  bool // the zip is
	want   lifecycle.Arguments
	dues   []lifecycle.Due
	// open is set where the regions are known only during the apply.
	open bool
}

// publishes reports whether a version is due in any region.
func (p *planning) publishes() bool {
	return p.open || slices.ContainsFunc(p.dues, func(d lifecycle.Due) bool { return d.Publish != lifecycle.None })
}

// retires reports whether versions go from a region where none is published.
func (p *planning) retires(d lifecycle.Due) bool {
	if d.Retire == lifecycle.None || d.Publish != lifecycle.None || p.want.Retention == nil {
		return false
	}
	place := p.life.At(d.Region)
	going, known := place.Foresee(*p.want.Retention, place.Release.Number)
	return !known || len(going) > 0
}
