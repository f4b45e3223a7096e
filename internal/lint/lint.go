// Package lint reads Terraform files and finds what Terraform itself passes
// over: names that no nested argument has, which Terraform drops without a
// word, and values that work on one machine alone.
//
// It knows the provider's arguments from a [Schema] that the caller makes of the
// provider's own, so that it never lags behind.
package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// Schema is what a provider takes.
type Schema struct {
	// Provider is the name of the provider's block, such as "layerbuild".
	Provider string
	// Settings are the arguments of that block.
	Settings *Object
	// Resources, Data and Actions are those of resources, data sources and
	// actions, by type.
	Resources, Data, Actions map[string]*Object
}

// Object is a set of arguments, or one argument: a plain one has no others in it.
type Object struct {
	// Nesting is that of an argument.
	Nesting   Nesting
	Arguments map[string]*Object
	// Blocks are nested blocks, by type.
	Blocks map[string]*Object
}

// Nesting says how the objects of an argument lie in its value.
type Nesting int

// An argument has no objects, is one, or is a list or a map of them.
const (
	Plain Nesting = iota
	Single
	List
	Map
)

// Severity says how much a finding matters.
type Severity string

// An Error is a mistake. A Warning works, though not on every machine. A Note
// is worth knowing.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Finding is one place that somebody should look at.
type Finding struct {
	// File is slash-separated and relative to the folder; Line and Column
	// begin at 1.
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	// Rule is unknown_name, absolute_path, unpinned_download or range.
	Rule string `json:"rule"`
	// Attribute is the path of the argument, such as
	// "layerbuild_version.deps.sharing.accounts".
	Attribute string `json:"attribute"`
	Text      string `json:"text"`
}

// String returns the finding in one line, as compilers write theirs.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s: %s", f.File, f.Line, f.Column, f.Severity, f.Attribute, f.Text)
}

// endings are those of the files that Terraform and OpenTofu read.
var endings = []string{".tf", ".tf.json", ".tofu", ".tofu.json"}

// Folder reads the Terraform files of a folder and the folders below it, without
// hidden ones, and returns what it found, by file and line. A file that
// cannot be read or parsed is an error.
func Folder(dir string, s *Schema) ([]Finding, error) {
	modules := map[string][]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != dir && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.IsDir() && slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(d.Name(), ending) }):
			modules[filepath.Dir(name)] = append(modules[filepath.Dir(name)], name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the folder %q: %w", dir, err)
	}
	var findings []Finding
	for _, files := range modules {
		found, err := lintModule(dir, files, s)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	return findings, nil
}

// module is one folder of files, which share their locals.
type module struct {
	schema   *Schema
	locals   map[string]hcl.Expression
	findings []Finding
}

// blocks are those of a file that matter here.
var blocks = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "provider", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "data", LabelNames: []string{"type", "name"}},
	{Type: "action", LabelNames: []string{"type", "name"}},
	{Type: "locals"},
}}

func lintModule(dir string, files []string, s *Schema) ([]Finding, error) {
	m := &module{schema: s, locals: map[string]hcl.Expression{}}
	var found hcl.Blocks
	for _, name := range files {
		text, err := filetree.ReadSmall(name, filetree.MaxSettings)
		if err != nil {
			return nil, fmt.Errorf("reading a Terraform file: %w", err)
		}
		shown, err := filepath.Rel(dir, name)
		if err != nil {
			return nil, fmt.Errorf("naming the file %q: %w", name, err)
		}
		file, diags := parse(text, filepath.ToSlash(shown))
		if diags.HasErrors() {
			return nil, fmt.Errorf("parsing a Terraform file: %w", diags)
		}
		content, _, diags := file.Body.PartialContent(blocks)
		if diags.HasErrors() {
			return nil, fmt.Errorf("parsing a Terraform file: %w", diags)
		}
		found = append(found, content.Blocks...)
	}
	for _, block := range found {
		if block.Type == "locals" {
			values, _ := block.Body.JustAttributes()
			for name, value := range values {
				m.locals[name] = value.Expr
			}
		}
	}
	for _, block := range found {
		if o, at := m.objectOf(block); o != nil {
			m.checkBody(block.Body, o, at)
		}
	}
	return m.findings, nil
}

func parse(text []byte, name string) (*hcl.File, hcl.Diagnostics) {
	if strings.HasSuffix(name, ".json") {
		return json.Parse(text, name)
	}
	return hclsyntax.ParseConfig(text, name, hcl.InitialPos)
}

// objectOf returns the arguments of a block and its address, nil for a block
// of another provider.
func (m *module) objectOf(block *hcl.Block) (*Object, string) {
	switch block.Type {
	case "provider":
		if block.Labels[0] == m.schema.Provider {
			return m.schema.Settings, "provider." + m.schema.Provider
		}
	case "resource":
		return m.schema.Resources[block.Labels[0]], strings.Join(block.Labels, ".")
	case "data":
		return m.schema.Data[block.Labels[0]], "data." + strings.Join(block.Labels, ".")
	case "action":
		if o := m.schema.Actions[block.Labels[0]]; o != nil {
			return &Object{Blocks: map[string]*Object{"config": o}}, "action." + strings.Join(block.Labels, ".")
		}
	}
	return nil, ""
}

// checkBody looks at the arguments and nested blocks of a block. Names that it
// does not know are left to Terraform, which refuses them.
func (m *module) checkBody(body hcl.Body, o *Object, at string) {
	s := &hcl.BodySchema{}
	for name := range o.Arguments {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name})
	}
	for name := range o.Blocks {
		s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	content, _, _ := body.PartialContent(s)
	if content == nil {
		return
	}
	for name, value := range content.Attributes {
		m.checkArgument(value.Expr, name, o.Arguments[name], at+"."+name)
	}
	for _, block := range content.Blocks {
		m.checkBody(block.Body, o.Blocks[block.Type], at+"."+block.Type)
	}
}

// add notes a finding at an expression.
func (m *module) add(where hcl.Range, severity Severity, rule, attribute, format string, args ...any) {
	m.findings = append(m.findings, Finding{
		File: path.Clean(where.Filename), Line: where.Start.Line, Column: where.Start.Column,
		Severity: severity, Rule: rule, Attribute: attribute, Text: fmt.Sprintf(format, args...),
	})
}
