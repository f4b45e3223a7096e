package indextest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// zipTime is the time of all entries, so that a universe always makes the same
// bytes.
var zipTime = time.Date(2020, 2, 2, 2, 2, 2, 0, time.UTC)

// build makes the files of a release.
func (c *config) build(r *release) ([]*file, error) {
	tags := r.wheels
	if len(tags) == 0 && !r.sdist {
		tags = []string{"py3-none-any"}
	}
	metadata := r.metadata()
	var files []*file
	for _, tag := range tags {
		name := fmt.Sprintf("%s-%s-%s.whl", escapeName(r.name), escapeVersion(r.version), tag)
		content := maps.Clone(r.files)
		maps.Copy(content, c.content[r.name+" "+r.version])
		maps.Copy(content, c.content[name])
		archive, err := r.wheel(tag, metadata, content)
		if err != nil {
			return nil, fmt.Errorf("building %q: %w", name, err)
		}
		f := r.file(name, archive)
		if !r.noMetadata && !c.withoutMetadata {
			f.metadata = metadata
		}
		files = append(files, f)
	}
	if r.sdist {
		name := fmt.Sprintf("%s-%s.tar.gz", escapeName(r.name), escapeVersion(r.version))
		content := maps.Clone(r.files)
		content["PKG-INFO"] = metadata
		archive, err := tarball(escapeName(r.name)+"-"+r.version, content, nil)
		if err != nil {
			return nil, fmt.Errorf("building %q: %w", name, err)
		}
		files = append(files, r.file(name, archive))
	}
	return files, nil
}

func (r *release) file(name string, content []byte) *file {
	return &file{name: name, content: content, sha256: hexSum(content), python: r.python, uploaded: r.uploaded, yanked: r.yanked}
}

// metadata returns the METADATA file: core metadata 2.1.
func (r *release) metadata() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Metadata-Version: 2.1\nName: %s\nVersion: %s\n", r.name, r.version)
	if r.python != "" {
		fmt.Fprintf(&b, "Requires-Python: %s\n", r.python)
	}
	for _, line := range r.headers {
		fmt.Fprintln(&b, line)
	}
	for _, requirement := range r.requires {
		fmt.Fprintf(&b, "Requires-Dist: %s\n", requirement)
	}
	for _, e := range r.extras {
		fmt.Fprintf(&b, "Provides-Extra: %s\n", e.name)
		for _, requirement := range e.requires {
			spec, marker, marked := strings.Cut(requirement, ";")
			if marked {
				marker = fmt.Sprintf("(%s) and ", strings.TrimSpace(marker))
			}
			fmt.Fprintf(&b, "Requires-Dist: %s; %sextra == %q\n", strings.TrimSpace(spec), marker, e.name)
		}
	}
	b.WriteString("\nServed by a test.\n")
	return []byte(b.String())
}

// wheel returns a wheel (PEP 427): the release's module unless content has one,
// content, and the dist-info folder.
func (r *release) wheel(tag string, metadata []byte, content map[string][]byte) ([]byte, error) {
	module := strings.ToLower(escapeName(r.name)) + "/__init__.py"
	if content[module] == nil {
		content[module] = fmt.Appendf(nil, "__version__ = %q\n", r.version)
	}
	info := escapeName(r.name) + "-" + escapeVersion(r.version) + ".dist-info/"
	content[info+"METADATA"] = metadata
	content[info+"WHEEL"] = wheelFile(tag)
	var record strings.Builder
	names := slices.Sorted(maps.Keys(content))
	for _, name := range names {
		sum := sha256.Sum256(content[name])
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content[name]))
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	content[info+"RECORD"] = []byte(record.String())

	// The dist-info folder is last, as build tools write it.
	slices.SortStableFunc(names, func(a, b string) int {
		return btoi(strings.HasPrefix(a, info)) - btoi(strings.HasPrefix(b, info))
	})
	var buffer bytes.Buffer
	z := zip.NewWriter(&buffer)
	for _, name := range append(names, info+"RECORD") {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: zipTime}
		header.SetMode(0o644)
		w, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(content[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// wheelFile returns the WHEEL file for a tag, which may begin with a build tag.
func wheelFile(tag string) []byte {
	parts := strings.Split(tag, "-")
	build := ""
	if len(parts) > 3 {
		build = "Build: " + parts[0] + "\n"
		parts = parts[len(parts)-3:]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Wheel-Version: 1.0\nGenerator: indextest\nRoot-Is-Purelib: %t\n%s", parts[2] == "any", build)
	for python := range strings.SplitSeq(parts[0], ".") {
		for abi := range strings.SplitSeq(parts[1], ".") {
			for platform := range strings.SplitSeq(parts[2], ".") {
				fmt.Fprintf(&b, "Tag: %s-%s-%s\n", python, abi, platform)
			}
		}
	}
	return []byte(b.String())
}

// tarball packs files, sorted, below a folder. Those that are executable have that
// mode.
func tarball(folder string, files map[string][]byte, executable []string) ([]byte, error) {
	var buffer bytes.Buffer
	g := gzip.NewWriter(&buffer)
	t := tar.NewWriter(g)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mode := int64(0o644)
		if slices.Contains(executable, name) {
			mode = 0o755
		}
		h := &tar.Header{Name: folder + "/" + name, Mode: mode, Size: int64(len(files[name])), ModTime: zipTime}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := t.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := g.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// escapeName and escapeVersion make fields of a file name, where a hyphen
// separates.
func escapeName(s string) string { return separator.ReplaceAllString(s, "_") }

func escapeVersion(s string) string { return strings.ReplaceAll(s, "-", "_") }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
