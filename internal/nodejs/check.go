package nodejs

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/imports"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Checks say how findings about packed packages count.
type Checks struct {
	// Scripts is the severity of packages whose install scripts are not run; those
	// that AllowScripts names by globs may have one. Shadow is that of a part of the
	// AWS SDK before the runtime's own. The zero value of both is "not looked for".
	Scripts, Shadow fault.Severity
	AllowScripts    []string
	Architectures   []string
	// Function is set for the code of a function, which brings its own AWS SDK for
	// itself alone.
	Function bool
}

// Check judges what is packed. What a user can act on is a *[fault.Error].
func (k *Packed) Check(c Checks) ([]fault.Warning, error) {
	warnings, err := k.checkScripts(c)
	if err != nil {
		return nil, err
	}
	shadow, err := k.checkShadow(c)
	if err != nil {
		return nil, err
	}
	modules, err := k.noteModules()
	return slices.Concat(warnings, shadow, modules), err
}

// checkScripts tells of packages that are not whole without their install
// scripts, which nobody runs here: native code that is compiled or fetched.
// What needs none to work is passed over: prebuilt code that comes as optional
// packages for the platform, or in the package.
func (k *Packed) checkScripts(c Checks) ([]fault.Warning, error) {
	if c.Scripts == fault.SeverityOff {
		return nil, nil
	}
	var lines, names []string
	for _, t := range k.lock.Trees {
		platform := map[string]bool{}
		for _, p := range t.Packages {
			platform[p.Folder()] = platform[p.Folder()] || p.Platform
		}
		for _, p := range t.Packages {
			part := k.parts[p.Integrity]
			if part == nil || slices.Contains(names, p.Name) || allowed(c.AllowScripts, p.Name) {
				continue
			}
			if why := part.scripts(platform, c.Architectures); why != "" {
				names = append(names, p.Name)
				lines = append(lines, fmt.Sprintf("  %s: %s", p, why))
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	summary := fmt.Sprintf("%q has an install script", names[0])
	if len(names) > 1 {
		summary = fmt.Sprintf("%d packages have install scripts", len(names))
	}
	quoted := make([]string, 0, len(names))
	for _, name := range names {
		quoted = append(quoted, strconv.Quote(name))
	}
	fault := &fault.Error{
		At:      fault.At("nodejs", "allow_install_scripts"),
		Summary: summary,
		Detail: "Install scripts are never run. A package whose script compiles or fetches native code lacks that code in the layer; one whose script does something else works without. These have one, and no prebuilt code for the runtimes:\n" +
			strings.Join(lines, "\n") + "\nWhere a package works without its script, write in nodejs:\n  allow_install_scripts = [" + strings.Join(quoted, ", ") +
			"]\nOtherwise move to a version that brings prebuilt code, or to another package; or let builds run \"npm install\" in a container, or bring the installed folder with files.",
	}
	return c.Scripts.Apply(fault)
}

// allowed reports whether a glob names the package: "*" alone is every one, in a scope
// or not.
func allowed(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return glob == "*" || err == nil && ok
	})
}

// scripts says which scripts npm would run to install the package, "" where there are
// none or its native code is there without them.
func (p *part) scripts(platform map[string]bool, architectures []string) string {
	gyp := slices.ContainsFunc(p.files, func(e filetree.Entry) bool { return e.Path == "binding.gyp" })
	switch scripts := p.facts.Scripts; {
	case p.brings(platform, architectures):
	case gyp && len(scripts) > 0:
		return strings.Join(scripts, ", ") + ", for native code: it has a binding.gyp"
	case len(scripts) > 0:
		return strings.Join(scripts, ", ")
	case gyp && !p.facts.NoGyp:
		return "binding.gyp, which node-gyp would build"
	}
	return ""
}

// brings reports whether the package's native code is there without a script,
// for every architecture: in an optional package for the platform, or prebuilt
// in its own folder "prebuilds".
func (p *part) brings(platform map[string]bool, architectures []string) bool {
	if slices.ContainsFunc(p.facts.Optional, func(name string) bool { return platform[name] }) {
		return true
	}
	return !slices.ContainsFunc(architectures, func(a string) bool { return !prebuilt(p.files, a) })
}

// prebuilt reports whether a package holds an addon for Linux with glibc on the
// architecture where node-gyp-build looks for it:
// "prebuilds/linux-x64/name.glibc.node".
func prebuilt(files filetree.Tree, architecture string) bool {
	cpu := "x64"
	if architecture == runtimes.ARM64 {
		cpu = "arm64"
	}
	return slices.ContainsFunc(files, func(e filetree.Entry) bool {
		rest, ok := strings.CutPrefix(e.Path, "prebuilds/linux-")
		cpus, name, found := strings.Cut(rest, "/")
		return ok && found && slices.Contains(strings.Split(cpus, "+"), cpu) &&
			strings.HasSuffix(name, ".node") && !slices.Contains(strings.Split(name, "."), "musl")
	})
}

// checkShadow tells where the layer brings parts of the AWS SDK, which the
// runtimes have: the layer's go before.
func (k *Packed) checkShadow(c Checks) ([]fault.Warning, error) {
	// A function that brings its own SDK pins it for itself alone.
	if c.Shadow == fault.SeverityOff || c.Function {
		return nil, nil
	}
	var found []string
	for _, t := range k.lock.Trees {
		for _, p := range t.Packages {
			if isSDK(p.Path) && !slices.Contains(found, p.Path) {
				found = append(found, p.Path)
			}
		}
	}
	return shadows(found, c.Shadow)
}

// isSDK reports whether a path below node_modules is that of a part of the AWS SDK
// that functions ask for.
func isSDK(name string) bool {
	return (strings.HasPrefix(name, "@aws-sdk/client-") || strings.HasPrefix(name, "@aws-sdk/lib-")) && !strings.Contains(name, "/node_modules/")
}

// ShadowIn tells where installed packages are parts of the AWS SDK, which the
// runtimes have.
func ShadowIn(all []InstalledPackage) []fault.Warning {
	var found []string
	for i := range all {
		// A package in the node_modules of another serves that alone.
		if p := &all[i]; isSDK(p.Name) && strings.Count("/"+p.Folder, "/node_modules/") == 1 && !slices.Contains(found, p.Name) {
			found = append(found, p.Name)
		}
	}
	warnings, _ := shadows(found, fault.SeverityWarning) // a warning is no error
	return warnings
}

func shadows(found []string, severity fault.Severity) ([]fault.Warning, error) {
	if len(found) == 0 {
		return nil, nil
	}
	fault := &fault.Error{
		At:      fault.At("nodejs"),
		Summary: "The layer brings its own AWS SDK",
		Detail: fmt.Sprintf("Lambda's Node.js runtimes bring the AWS SDK for JavaScript v3, and a layer's copy is found first: %s. That pins its version, at the cost of size and cold start. "+
			"Leave it out if the runtime's version will do, or set checks = { sdk_shadow = \"off\" }.", modules.Some(found)),
	}
	return severity.Apply(fault)
}

// lastWithoutRequire is the last Node.js version on which Lambda lets require()
// load no ES module.
const lastWithoutRequire = 22

// noteModules names the packages that the project asks for and that CommonJS
// functions cannot require on some of the runtimes.
func (k *Packed) noteModules() ([]fault.Warning, error) {
	var found, ids []string
	for _, t := range k.lock.Trees {
		old := slices.DeleteFunc(slices.Clone(t.Runtimes), func(id string) bool { return !withoutRequire(id) })
		if len(old) == 0 {
			continue
		}
		for _, p := range t.Packages {
			if k.parts[p.Integrity] == nil || !slices.Contains(k.lock.Direct, p.Path) {
				continue
			}
			files := imports.NewWorld(runtimes.Runtime{}, k.parts[p.Integrity].files, nil, (*filetree.Entry).ReadContent)
			only, err := files.ESMOnly(".")
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", p, err)
			}
			if only && !slices.Contains(found, p.String()) {
				found = append(found, p.String())
			}
			if only {
				ids = append(ids, old...)
			}
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	return []fault.Warning{{
		At:      fault.At("nodejs"),
		Summary: "ES modules that require() does not load",
		Detail: fmt.Sprintf("On %s, Lambda switches off require() of ES modules, and these packages are nothing else: %s. "+
			"Load them by import in an .mjs handler, or by await import() in a CommonJS one.", strings.Join(slices.Compact(ids), ", "), modules.Some(found)),
	}}, nil
}

// withoutRequire reports whether require() loads no ES module on the runtime.
func withoutRequire(id string) bool {
	r, err := runtimes.Lookup(id)
	if err != nil {
		return false
	}
	major, err := strconv.Atoi(r.Version)
	return err == nil && major <= lastWithoutRequire
}
