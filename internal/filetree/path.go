package filetree

import (
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Limits of Linux, where a layer is unpacked.
const (
	maxPath      = 4096 // bytes
	maxComponent = 255  // bytes
)

// CleanTarget returns the clean form of a layer path that a user wrote: a
// relative path with forward slashes, "." for the root of the layer. What could
// leave the layer, or mean something else on another system, is a *PathError.
func CleanTarget(p string) (string, error) {
	if p == "" {
		return "", &PathError{Path: p, Reason: `is empty; write "." for the root of the layer`}
	}
	if strings.HasPrefix(p, "/") {
		return "", &PathError{Path: p, Reason: "is absolute; write it relative to the root of the layer, which Lambda mounts at /opt"}
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." {
			return "", &PathError{Path: p, Reason: `holds ".."`}
		}
	}
	clean := path.Clean(p)
	if clean == "." {
		return clean, nil
	}
	if fault := nameFault(clean); fault != "" {
		return "", &PathError{Path: p, Reason: fault}
	}
	return clean, nil
}

// Within reports whether a path of the host is one of the folders or lies in one,
// after links were followed. What is not absolute is relative to the working
// directory.
func Within(folders []string, name string) bool {
	place, err := followed(name)
	if err != nil {
		return false
	}
	for _, folder := range folders {
		root, err := followed(folder)
		if err != nil {
			continue
		}
		if rel, err := filepath.Rel(root, place); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// Outside returns where a path of the host leads that is neither in root nor in one
// of the folders, after links were followed: the path as it is given, and the one
// that a link in it leads to where it looks as if it were in root. It is "" for what
// lies within.
func Outside(root string, folders []string, name string) string {
	if Within(append([]string{root}, folders...), name) {
		return ""
	}
	if place, err := filepath.Rel(root, name); err != nil || !filepath.IsLocal(place) {
		return name
	}
	place, err := followed(name)
	if err != nil {
		return name
	}
	if here, err := followed("."); err == nil {
		if rel, err := filepath.Rel(here, place); err == nil && !filepath.IsAbs(name) {
			return rel
		}
	}
	return place
}

// followed returns the absolute path that name leads to. Of one that does not exist
// no link is followed: it cannot be read either.
func followed(name string) (string, error) {
	place, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if target, err := filepath.EvalSymlinks(place); err == nil {
		return target, nil
	}
	return place, nil
}

// nameFault says why name is no clean relative path that every system reads
// alike, or "".
func nameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxPath:
		return "is longer than 4096 bytes"
	case name[0] == '/':
		return "is absolute"
	case len(name) > 1 && name[1] == ':' && isLetter(name[0]):
		return "starts with a drive letter"
	case !utf8.ValidString(name):
		return "is not UTF-8"
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c == '\\':
			return "holds a backslash"
		case c < 0x20 || c == 0x7f:
			return "holds a control character"
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return "holds an empty component"
		case part == "." || part == "..":
			return `holds "` + part + `"`
		case len(part) > maxComponent:
			return "has a component longer than 255 bytes"
		}
	}
	return ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
