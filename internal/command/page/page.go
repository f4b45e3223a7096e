// Package page writes the report on a layer as one page of HTML that asks nothing
// of the network: its style, its script and its data are in it. html/template
// escapes what comes out of the zip, which may be hostile; a policy in the page
// (Content-Security-Policy) lets no script run but its own.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.html
var markup string

//go:embed page.css
var style string

//go:embed page.js
var script string

// Page is what is shown.
type Page struct {
	// Report has the fields of the report that "inspect" prints.
	Report any
	// Title names the layer. Version is the provider's. Percent is the share of what Lambda allows.
	Title, Version string
	Percent        int64
	// JudgedFor and Serves are lists in words; Refusals are what cannot be served.
	JudgedFor, Serves string
	Refusals          []Refusal
	Data              Data
	// Bytes writes a number of bytes for people.
	Bytes func(int64) string
}

// Refusal tells why some runtimes cannot be served.
type Refusal struct{ Targets, Why string }

// Data is what the map is drawn from. Each file's path is what it shares with the
// one before, in UTF-16 units, and the rest.
type Data struct {
	Name     string   `json:"name"`
	Contents []string `json:"contents"`
	Paths    []string `json:"paths"`
	Shared   []int    `json:"shared"`
	Sizes    []int64  `json:"sizes"`
	Packed   []int64  `json:"packed"`
	Of       []int    `json:"of"`
}

// File is a file of the map.
type File struct {
	Path         string
	Size, Packed int64
	// Of is an index in the contents.
	Of int
}

// maxFiles is how many files the map tells apart: the page stays below 3 MB.
const maxFiles = 30_000

// NewData returns the data of a map. Of more files than it tells apart, the small
// ones of each folder are one.
func NewData(name string, contents []string, files []File) Data {
	files = slices.Clone(files)
	if len(files) > maxFiles {
		files = fold(files)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	d := Data{Name: name, Contents: contents}
	before := ""
	for _, f := range files {
		shared := commonPrefix(before, f.Path)
		d.Paths, d.Shared = append(d.Paths, f.Path[shared:]), append(d.Shared, units(f.Path[:shared]))
		d.Sizes, d.Packed, d.Of = append(d.Sizes, f.Size), append(d.Packed, f.Packed), append(d.Of, f.Of)
		before = f.Path
	}
	return d
}

// fold keeps the largest files and makes one of the others in each folder.
func fold(files []File) []File {
	slices.SortStableFunc(files, func(a, b File) int { return int(min(max(b.Size-a.Size, -1), 1)) })
	kept := slices.Clone(files[:maxFiles/2])
	type place struct {
		folder string
		of     int
	}
	at, count := map[place]int{}, map[place]int{}
	for _, f := range files[maxFiles/2:] {
		p := place{f.Path[:strings.LastIndexByte(f.Path, '/')+1], f.Of}
		i, ok := at[p]
		if !ok {
			i = len(kept)
			at[p] = i
			kept = append(kept, File{Of: f.Of})
		}
		count[p]++
		kept[i].Path = fmt.Sprintf("%s(%d small files)", p.folder, count[p])
		kept[i].Size, kept[i].Packed = kept[i].Size+f.Size, kept[i].Packed+f.Packed
	}
	return kept
}

// commonPrefix returns how many bytes two paths share, whole characters alone.
func commonPrefix(a, b string) int {
	n := 0
	for i, r := range b {
		end := i + len(string(r))
		if end > len(a) || end > len(b) || a[i:end] != b[i:end] {
			break
		}
		n = end
	}
	return n
}

// units is the length of a text as JavaScript counts it.
func units(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"bytes": p.Bytes, "join": func(all []string) string { return strings.Join(all, ", ") },
	}).Parse(markup)
	if err != nil {
		return fmt.Errorf("reading the template of the page: %w", err)
	}
	return t.Execute(w, struct {
		*Page
		Style                 template.CSS
		Script                template.JS
		StyleHash, ScriptHash string
	}{p, template.CSS(style), template.JS(script), policyHash(style), policyHash(script)}) //nolint:gosec // our own files
}

// policyHash names a script or style in a policy (Content Security Policy Level 3,
// section 2.3.1).
func policyHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
