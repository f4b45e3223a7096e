// Command notices writes the licence texts of the modules that are linked into
// the provider, one section for each module. The release archives hold its
// output, as the licences of these modules ask.
//
// Usage, from the root of the project:
//
//	go -C tools run ./notices -root .. -out ../THIRD_PARTY_NOTICES
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// platforms are the operating systems whose modules are collected: a module may
// be linked on one of them alone.
var platforms = []string{"linux", "darwin", "windows"}

// legalFile matches the names of files that carry a licence or a notice.
var legalFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// module is what "go list" says of a module.
type module struct {
	Path, Version, Dir string
	Main               bool
}

func main() {
	root := flag.String("root", ".", "the root of the project")
	name := flag.String("out", "THIRD_PARTY_NOTICES", "the file to write")
	flag.Parse()
	text, err := collectNotices(*root)
	if err == nil {
		err = os.WriteFile(*name, text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// collectNotices returns the legal texts of every linked module, by path. A
// module without any is an error: its licence must be known before it is shipped.
func collectNotices(root string) ([]byte, error) {
	modules, err := listModules(root)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "The provider is linked with the Go standard library and %d modules. Their licences follow.\n", len(modules))
	goRoot, err := runGo(root, nil, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	modules = slices.Insert(modules, 0, module{Path: "Go standard library", Dir: strings.TrimSpace(string(goRoot))})
	var faults []error
	for _, m := range modules {
		faults = append(faults, writeModule(&text, m))
	}
	return text.Bytes(), errors.Join(faults...)
}

// listModules returns the modules whose packages the provider imports on any
// platform, without the project itself, sorted by path.
func listModules(root string) ([]module, error) {
	found := map[string]module{}
	for _, system := range platforms {
		out, err := runGo(root, []string{"GOOS=" + system, "CGO_ENABLED=0"}, "list", "-deps", "-json=Module", ".")
		if err != nil {
			return nil, err
		}
		for in := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *module }
			if err := in.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading the output of go list: %w", err)
			}
			if p.Module != nil && !p.Module.Main {
				found[p.Module.Path] = *p.Module
			}
		}
	}
	var modules []module
	for _, m := range found {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// writeModule writes the legal files at the root of a module.
func writeModule(out *bytes.Buffer, m module) error {
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return fmt.Errorf("reading module %q: %w", m.Path, err)
	}
	written := 0
	for _, e := range entries {
		if e.IsDir() || !legalFile.MatchString(e.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(m.Dir, e.Name()))
		if err != nil {
			return fmt.Errorf("reading module %q: %w", m.Path, err)
		}
		fmt.Fprintf(out, "\n%s\n%s\n%s\n\n%s\n", strings.Repeat("=", 80),
			strings.TrimSpace(m.Path+" "+m.Version)+", "+e.Name(), strings.Repeat("-", 80), bytes.TrimSpace(content))
		written++
	}
	if written == 0 {
		return fmt.Errorf("module %q has no licence file", m.Path)
	}
	return nil
}

func runGo(dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var fault bytes.Buffer
	cmd.Stderr = &fault
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running go %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(fault.Bytes()))
	}
	return out, nil
}
