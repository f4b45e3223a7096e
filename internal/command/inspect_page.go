package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/command/page"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

// titleOf names a zip on a page that others may read: without the folders of this
// machine and what is secret in an address.
func titleOf(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	name, _, _ = strings.Cut(name, "?")
	return path.Base(filepath.ToSlash(name))
}

// writePage writes the report as a page with a size map.
func writePage(name, version string, r *report, found *layer.Inspection) (err error) {
	p := page.Page{Report: r, Title: titleOf(r.Name), Version: version, Percent: r.percent(), JudgedFor: r.judgedFor(), Bytes: bytesText}
	p.Serves, p.Refusals = r.served()
	contents := make([]string, 0, len(r.Contents))
	for i := range r.Contents {
		h := &r.Contents[i]
		text := h.Name
		if h.Version != "" {
			text += " " + h.Version
		}
		contents = append(contents, text)
	}
	files := make([]page.File, 0, len(found.Files))
	for _, f := range found.Files {
		files = append(files, page.File{Path: f.Path, Size: f.Size, Packed: f.PackedSize, Of: f.Holding})
	}
	p.Data = page.NewData(p.Title, contents, files)
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	if err := p.Write(w); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return w.Flush()
}
