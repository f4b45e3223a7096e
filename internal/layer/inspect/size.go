package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// CheckSize compares the layer with the limit of AWS.
func CheckSize(tree filetree.Tree, severity fault.Severity) ([]fault.Warning, error) {
	size := tree.Size()
	if severity == fault.SeverityOff || size <= runtimes.MaxUnzipped*8/10 {
		return nil, nil
	}
	largest := largestParts(tree)
	if size <= runtimes.MaxUnzipped {
		return []fault.Warning{{
			At:      fault.At("checks"),
			Summary: "The layer is near the size limit",
			Detail: fmt.Sprintf("Its files take %d bytes unzipped, %d%% of the %d that AWS allows a function with all its layers. The largest parts:%s",
				size, size*100/runtimes.MaxUnzipped, runtimes.MaxUnzipped, largest),
		}}, nil
	}
	summary := fmt.Sprintf("The layer takes %d bytes unzipped, over the limit of %d", size, runtimes.MaxUnzipped)
	return severity.Apply(tooLarge(summary, "The largest parts:"+largest))
}

func tooLarge(summary, largest string) *fault.Error {
	return &fault.Error{
		At:      fault.At("checks"),
		Summary: summary,
		Detail: fmt.Sprintf("AWS refuses a function that has more than %d bytes (250 MiB) with all its layers. Leave out what is not needed at run time (prune, exclude), give functions that need different parts layers of their own, or move the function to a container image, which may have 10 GiB. %s",
			runtimes.MaxUnzipped, largest),
	}
}

// CheckArchives refuses archives that are far over the limit of AWS as they are
// packed, so that gigabytes are not fetched to be refused. sizes are their bytes,
// where known: what is in an archive takes more, except for its directory, for which
// the limit is doubled.
func CheckArchives(sizes map[filetree.Origin]int64, severity fault.Severity) error {
	total := int64(0)
	for _, size := range sizes {
		total += size
	}
	if severity == fault.SeverityWarning || severity == fault.SeverityOff || total <= 2*runtimes.MaxUnzipped {
		return nil
	}
	parts := make([]filetree.OriginSize, 0, len(sizes))
	for origin, size := range sizes {
		parts = append(parts, filetree.OriginSize{Origin: origin, Size: size})
	}
	slices.SortFunc(parts, func(a, b filetree.OriginSize) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Origin.String(), b.Origin.String()))
	})
	summary := fmt.Sprintf("The wheels of the layer have %d bytes, over the limit of %d", total, runtimes.MaxUnzipped)
	return tooLarge(summary, "Nothing was fetched. The largest wheels:"+listParts(parts))
}

// largestParts lists the ten largest distributions, packages, folders and files
// of a layer, a line each.
func largestParts(tree filetree.Tree) string {
	named := slices.Clone(tree)
	for i, e := range named {
		if e.Origin.Ecosystem == "python" || e.Origin.Ecosystem == "nodejs" {
			continue
		}
		named[i].Origin.Name = partOf(e.Path)
	}
	return listParts(named.ByOrigin())
}

// listParts lists the first ten parts, a line each.
func listParts(parts []filetree.OriginSize) string {
	var text strings.Builder
	for i, part := range parts {
		if i == 10 {
			break
		}
		fmt.Fprintf(&text, "\n  %12d  %s", part.Size, part.Origin)
	}
	return text.String()
}
