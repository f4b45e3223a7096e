// Package container takes files out of container images: straight from their
// registry, or from what an engine builds. Images are never run and never
// unpacked onto the disk.
package container

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// Files maps paths in an image to layer paths. A key is the absolute path of a
// file or a folder, or a glob as [filetree.Match] takes them, with a slash
// before it. A folder lands below its target. A file lands at its target, or in
// it where that ends in "/".
type Files map[string]string

// File is one file of an image on its way into a layer.
type File struct {
	Path string // in the layer
	Size int64
	// Exec is the image's own word; Program and Machine are as in
	// [filetree.File].
	Exec    bool
	Program bool
	Machine string
}

// Visit takes a file. The content must be read before it returns.
type Visit func(f File, content io.Reader) error

// Check finds what can be known wrong of the mapping itself.
func (f Files) Check() error {
	if len(f) == 0 {
		return errors.New("files is empty: write the paths in the image with their layer paths, such as { \"/opt/bin/tool\" = \"bin/tool\" }")
	}
	for _, from := range f.sources() {
		rest, absolute := strings.CutPrefix(from, "/")
		if !absolute {
			return fmt.Errorf("the path %q in files is not absolute: write it as %q", from, "/"+from)
		}
		if rest != "" {
			if err := filetree.CheckPattern(strings.TrimSuffix(rest, "/")); err != nil {
				return err
			}
		}
		to := f[from]
		if wholeLayer(to) {
			continue
		}
		if _, err := filetree.CleanTarget(strings.TrimSuffix(to, "/")); err != nil {
			return err
		}
	}
	return nil
}

// sources returns the keys in the order of their bytes.
func (f Files) sources() []string { return slices.Sorted(maps.Keys(f)) }

// wholeLayer reports whether a target is the root of the layer.
func wholeLayer(target string) bool { return target == "" || target == "." || target == "./" }

// inFolder reports whether a file lands in the target, with its own name.
func inFolder(target string) bool { return wholeLayer(target) || strings.HasSuffix(target, "/") }

// split parts a source into the path before the first component with a special
// character and the glob from there on; either may be "".
func split(source string) (base, glob string) {
	parts := strings.Split(strings.Trim(source, "/"), "/")
	for i, part := range parts {
		if strings.ContainsAny(part, "*?[{") {
			return path.Join(parts[:i]...), strings.Join(parts[i:], "/")
		}
	}
	return path.Join(parts...), ""
}

// Platforms of Lambda's architectures, as images name them.
var platforms = map[string]string{"x86_64": "linux/amd64", "arm64": "linux/arm64"}

// Platform returns the platform that runs an architecture of Lambda.
func Platform(architecture string) string { return platforms[architecture] }

// CheckPlatform refuses a platform that no Lambda function runs on.
func CheckPlatform(platform string) error {
	if slices.Contains(slices.Collect(maps.Values(platforms)), platform) {
		return nil
	}
	return fmt.Errorf("the platform %q is not one of Lambda: write \"linux/amd64\" or \"linux/arm64\", or leave it to the architecture", platform)
}
