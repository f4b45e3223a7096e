package nodejs

import (
	"errors"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
)

// TestStrangersNameNoFiles packs nothing of this machine because the document of a
// registry, or a lock file, names it as the address of a tarball.
func TestStrangersNameNoFiles(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"file:///etc/passwd", "file://server/share/x.tgz", "/etc/passwd", "../../x.tgz", "ftp://host/x.tgz", "https://" + strings.Repeat("a", 4000)} {
		made := &modules.Tree{Packages: []modules.Package{{Path: "node_modules/lib", Name: "lib", Version: "1.0.0", URL: address, Integrity: someIntegrity}}}
		tree, err := packedTree(made, "", fetch.ParseAddress)
		if found, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(found.Summary, "lib@1.0.0") || found.At.String() != "nodejs" {
			t.Errorf("%.40q: got %+v, %v, want a fault that names the package", address, tree, err)
		}
	}
}

// TestAddressesAreKeptBare keeps neither a signature nor a login of an address.
func TestAddressesAreKeptBare(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://r.example.com/lib.tgz?X-Amz-Signature=CANARY", "https://user:CANARY@r.example.com/lib.tgz", "https://r.example.com/lib.tgz?a=1&sig=CANARY#CANARY"} {
		made := &modules.Tree{Packages: []modules.Package{{Path: "node_modules/lib", Name: "lib", Version: "1.0.0", URL: address, Integrity: someIntegrity}}}
		tree, err := packedTree(made, "", fetch.ParseAddress)
		if err != nil || tree.Packages[0].URL.String() != "https://r.example.com/lib.tgz" {
			t.Errorf("%s is kept as %+v, %v", address, tree.Packages, err)
		}
	}
}
