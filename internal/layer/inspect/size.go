package inspect

import (
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
	over := &fault.Error{
		At:      fault.At("checks"),
		Summary: fmt.Sprintf("The layer takes %d bytes unzipped, over the limit of %d", size, runtimes.MaxUnzipped),
		Detail: fmt.Sprintf("AWS refuses a function that has more than %d bytes (250 MiB) with all its layers. Leave out what is not needed at run time (prune, exclude), give functions that need different parts layers of their own, or move the function to a container image, which may have 10 GiB. The largest parts:%s",
			runtimes.MaxUnzipped, largest),
	}
	return severity.Judge(over)
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
	var text strings.Builder
	for i, part := range named.ByOrigin() {
		if i == 10 {
			break
		}
		fmt.Fprintf(&text, "\n  %12d  %s", part.Size, part.Origin)
	}
	return text.String()
}
