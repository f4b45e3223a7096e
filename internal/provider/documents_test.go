package provider

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lint"
)

// codeBlock matches a block of Terraform code in a document.
var codeBlock = regexp.MustCompile("(?s)```(?:hcl|terraform)\n(.*?)```")

// readFile matches the name of a file that the code reads while it is checked.
var readFile = regexp.MustCompile(`(?:filemd5|filebase64sha256|file)\("\$\{path\.module\}/([^"]+)"\)`)

// documents returns the Terraform code of each document: that of a page is one
// module, as its reader puts it together.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	names, err := filepath.Glob("../../templates/guides/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "../../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var blocks []string
		for _, match := range codeBlock.FindAllStringSubmatch(string(text), -1) {
			blocks = append(blocks, match[1])
		}
		if len(blocks) > 0 {
			pages[filepath.Base(name)] = strings.Join(blocks, "\n")
		}
	}
	examples, err := filepath.Glob("../../examples/*/*/*.tf")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(examples, "../../examples/quickstart/main.tf") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages[strings.TrimPrefix(filepath.ToSlash(name), "../../")] = string(text)
	}
	return pages
}

// TestDocumentsAreTerraform parses every block of every document, finds nothing
// in it that Terraform would drop, and validates the pages that need no other
// provider with the real CLI.
func TestDocumentsAreTerraform(t *testing.T) {
	t.Parallel()
	schema, err := Arguments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pages := documents(t)
	if len(pages) < 20 {
		t.Fatalf("only %d documents have Terraform code", len(pages))
	}
	for name, text := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, diags := hclsyntax.ParseConfig([]byte(text), name, hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			m := newMachine(t, nil)
			m.write("main.tf", text)
			for _, read := range readFile.FindAllStringSubmatch(text, -1) {
				m.write(read[1], "")
			}
			found, err := lint.Folder(m.dir, schema)
			if err != nil {
				t.Fatal(err)
			}
			found = slices.DeleteFunc(found, func(f lint.Finding) bool { return f.Severity != lint.Error })
			if len(found) > 0 {
				t.Errorf("found %v", found)
			}
			if body, ok := file.Body.(*hclsyntax.Body); ok && (needsOthers(text) || len(body.Attributes) > 0) {
				return // of another provider, or arguments without their block
			}
			if !strings.Contains(text, "required_providers") {
				m.write("versions.tf", "terraform {\n  required_providers {\n    layerbuild = {\n      source = \"layerbuild/layerbuild\"\n    }\n  }\n}\n")
			}
			m.terraform(0, "validate")
		})
	}
}

// needsOthers reports whether a page has resources of other providers, none of its
// own to validate, or an import or an action that not every CLI knows.
func needsOthers(text string) bool {
	return strings.Contains(text, "aws_") || !strings.Contains(text, "layerbuild_") || strings.Contains(text, "identity = {") || strings.Contains(text, "action \"")
}
