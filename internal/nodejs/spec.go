package nodejs

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Spec asks for Node.js packages: by one of Dependencies, PackageJSON and
// LockFile.
type Spec struct {
	// Dependencies maps names to ranges, tags or aliases, as in package.json.
	Dependencies map[string]string
	// PackageJSON is the path of a package.json whose production dependencies
	// are resolved, or "". Beside LockFile it is the project that this is of,
	// where that is not the package.json beside it.
	PackageJSON string
	// LockFile is the path of a lock file of npm, Yarn or pnpm, or "". It is
	// obeyed, never resolved again.
	LockFile string
	// Workspace names the member of a workspace whose dependencies are packed,
	// by its name or its folder; "" is the project at the top with its members, "."
	// that project alone.
	Workspace string
	// AllowOutside are folders, relative to the working directory, that a lock file may
	// take packages from that lie outside of its project.
	AllowOutside []string
	// AllowInstallScripts holds globs of the packages that may have an install
	// script; it is judged where the layer is built.
	AllowInstallScripts []string
	// LegacyPeerDeps ignores peer dependencies, as npm's option does. So does
	// legacy-peer-deps in npm's configuration.
	LegacyPeerDeps bool
	// CutOff is of the packages alone, in place of that of the Request.
	CutOff release.CutOff
	// Reconsider resolves anew where nothing but the cut-off changed.
	Reconsider bool
}

// Request is what else a resolution depends on.
type Request struct {
	// Targets are the Node.js runtimes of the layer on every architecture.
	Targets []runtimes.Target
	// Triggers is the digest of what forces a new resolution when it changes, zero
	// of nothing.
	Triggers store.Digest
	// CutOff holds where the Spec has none.
	CutOff release.CutOff
	// Environ lists the environment as "key=value", which may configure npm; nil is
	// an empty one.
	Environ func() []string
}

// project returns the folder of the project: of the lock file or the
// package.json, else the root module's.
func (s *Spec) project() string {
	return filepath.Dir(cmp.Or(s.LockFile, s.PackageJSON))
}

// Check finds what can be known wrong of the Node.js arguments without reading
// anything.
func (s *Spec) Check() error {
	switch {
	case len(s.Dependencies) == 0 && s.PackageJSON == "" && s.LockFile == "":
		return &fault.Error{At: fault.At("nodejs"), Summary: "No Node.js package", Detail: "Write nodejs.dependencies, nodejs.package_json or nodejs.lock_file, or drop nodejs. " + fault.DroppedNames}
	case len(s.Dependencies) > 0 && s.PackageJSON != "":
		return &fault.Error{
			At: fault.At("nodejs"), Summary: "Dependencies beside a package.json",
			Detail: "Both say what is wanted. Add the dependencies to the package.json, or put them into a package of their own.",
		}
	case len(s.Dependencies) > 0 && s.LockFile != "":
		return &fault.Error{
			At: fault.At("nodejs"), Summary: "Dependencies beside a lock file",
			Detail: "A lock file is not resolved again: add the dependencies to the project that it locks, or put them into a package of their own.",
		}
	case s.LockFile != "" && (s.LegacyPeerDeps || !s.CutOff.At.IsZero()):
		return &fault.Error{
			At: fault.At("nodejs"), Summary: "Arguments of a resolution beside a lock file",
			Detail: "A lock file is not resolved again, so legacy_peer_deps and exclude_newer would have no effect. Remove them here, and lock the project with them instead.",
		}
	case len(s.AllowOutside) > 0 && s.LockFile == "":
		return &fault.Error{
			At: fault.At("nodejs", "allow_outside"), Summary: "Folders outside of a project without a lock file",
			Detail: "It says which folders a lock file may take packages from: name that in nodejs.lock_file, or drop allow_outside. " + fault.DroppedNames,
		}
	case s.Workspace != "" && s.LockFile == "":
		return &fault.Error{
			At: fault.At("nodejs", "workspace"), Summary: "A workspace member without a lock file",
			Detail: "It chooses among the members of the project of nodejs.lock_file. Without one, name the member's own package.json in nodejs.package_json.",
		}
	}
	return checkGlobs(fault.At("nodejs", "allow_install_scripts"), s.AllowInstallScripts)
}

// targets returns what packages are chosen for; none is an error.
func (r Request) targets() ([]manifest.Target, error) {
	if len(r.Targets) == 0 {
		return nil, &fault.Error{
			At: fault.At("runtimes"), Summary: "No Node.js runtime",
			Detail: "The package has nodejs dependencies, but none of its runtimes runs Node.js. Add one such as \"nodejs22.x\", or drop nodejs.",
		}
	}
	var out []manifest.Target
	for _, t := range r.Targets {
		out = append(out, manifest.TargetFor(t))
	}
	return out, nil
}

func namesOf(targets []manifest.Target) []string {
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, t.String())
	}
	return names
}

// checkGlobs finds malformed globs of packages.
func checkGlobs(attribute fault.Path, globs []string) error {
	for i, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil || strings.TrimSpace(glob) == "" {
			return &fault.Error{
				At: attribute.Index(i), Summary: fmt.Sprintf("Malformed glob %q", glob),
				Detail: "It is the name of a package, or a glob of names such as \"@acme/*\", in which * crosses no slash; \"*\" alone is every package.",
			}
		}
	}
	return nil
}
