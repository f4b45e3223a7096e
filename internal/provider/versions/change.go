package versions

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// change is what a Create or an Update is about.
type change struct {
	// plan and before are models; before is the zero model at a create.
	plan, before *versionstate.Model
	// sharing is the argument as it is written.
	sharing   types.Object
	publisher *publish.Publisher
	zip       publish.Zip // where a version is due somewhere
	// had is what the version before holds, nil where that is not known; published
	// is set where one is due in the resource's own region.
	had       map[string]string
	published bool
}

// creating reports whether there was no state before.
func (c *change) creating() bool { return c.before.LayerName.IsNull() }
