package container

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

const (
	defaultDockerfile = "Dockerfile"
	ignoreFile        = ".dockerignore"
)

// ReadContext returns the files that a build of the recipe is sent, sorted:
// those of the directory that .dockerignore lets through, the Dockerfile and
// .dockerignore itself. What [filetree.Scan] leaves out is left out. Links
// within the directory are sent as the files that they lead to.
func ReadContext(ctx context.Context, r Recipe) ([]filetree.File, error) {
	dockerfile := path.Clean(cmp.Or(r.Dockerfile, defaultDockerfile))
	if _, err := filetree.CleanTarget(dockerfile); err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: it must lie in the context: %w", err)
	}
	rules, ignored, err := readIgnore(r.Context, dockerfile)
	if err != nil {
		return nil, err
	}
	files, err := filetree.Scan(ctx, r.Context, filetree.ScanOptions{Exclude: rules.prunable(), Skip: r.Skip})
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f filetree.File) bool { return rules.leavesOut(f.Path) })
	// The engine reads these two whatever is ignored.
	for _, name := range []string{dockerfile, ignored} {
		if name == "" || slices.ContainsFunc(files, func(f filetree.File) bool { return f.Path == name }) {
			continue
		}
		one, err := filetree.Scan(ctx, filepath.Join(r.Context, filepath.FromSlash(name)), filetree.ScanOptions{})
		if err != nil {
			return nil, err
		}
		one[0].Path = name
		files = append(files, one[0])
	}
	slices.SortFunc(files, func(a, b filetree.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// ignoreRules are the lines of a .dockerignore: patterns over whole paths, of
// which the last that matches decides.
type ignoreRules []ignoreRule

type ignoreRule struct {
	pattern string
	negated bool
}

// readIgnore reads the ignore file of the Dockerfile, else that of the context,
// and returns its name, "" where there is none.
func readIgnore(dir, dockerfile string) (ignoreRules, string, error) {
	for _, name := range []string{dockerfile + ignoreFile, ignoreFile} {
		body, err := filetree.ReadSmall(filepath.Join(dir, filepath.FromSlash(name)), filetree.MaxSettings)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("reading %q: %w", name, err)
		}
		rules, err := parseIgnore(body)
		if err != nil {
			return nil, "", fmt.Errorf("reading %q: %w", name, err)
		}
		return rules, name, nil
	}
	return nil, "", nil
}

func parseIgnore(body []byte) (ignoreRules, error) {
	var rules ignoreRules
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.TrimSpace(line)
		rest, negated := strings.CutPrefix(line, "!")
		rest = strings.TrimSpace(rest)
		if rest == "" {
			continue
		}
		pattern := strings.TrimPrefix(path.Clean("/"+rest), "/")
		if pattern == "" {
			pattern = "**"
		}
		// Braces are no special characters here.
		pattern = strings.NewReplacer("{", "[{]", "}", "[}]").Replace(pattern)
		if err := filetree.CheckPattern(pattern); err != nil {
			return nil, err
		}
		rules = append(rules, ignoreRule{pattern: pattern, negated: negated})
	}
	return rules, nil
}

// leavesOut reports whether the path, or a folder above it, is ignored.
func (r ignoreRules) leavesOut(name string) bool {
	for _, rule := range slices.Backward(r) {
		if filetree.Match([]string{rule.pattern}, name) {
			return !rule.negated
		}
	}
	return false
}

// prunable returns the patterns whose folders need not be entered: all of them
// where nothing is taken back.
func (r ignoreRules) prunable() []string {
	var patterns []string
	for _, rule := range r {
		if rule.negated {
			return nil
		}
		patterns = append(patterns, rule.pattern)
	}
	return patterns
}

// writeContext writes the files as a tar archive whose bytes depend on their
// paths and contents alone.
func writeContext(w io.Writer, files []filetree.File) error {
	out := tar.NewWriter(w)
	for _, f := range files {
		if err := writeFile(out, f); err != nil {
			return err
		}
	}
	return out.Close()
}

func writeFile(out *tar.Writer, f filetree.File) (err error) {
	in, err := os.Open(f.Source)
	if err != nil {
		return fmt.Errorf("reading the context: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	// Modes of the host would make other bytes on Windows.
	mode := int64(0o644)
	if f.Program {
		mode = 0o755
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Size: f.Size, Mode: mode, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	if err := out.WriteHeader(h); err != nil {
		return fmt.Errorf("writing the context: %w", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, f.Size)); err != nil {
		return fmt.Errorf("writing %q of the context: %w", f.Path, err)
	}
	// The result is remembered by the digests of what was sent.
	if !bytes.Equal(sum.Sum(nil), f.SHA256[:]) {
		return fmt.Errorf("sending the context: %q changed while it was read", f.Source)
	}
	return nil
}
