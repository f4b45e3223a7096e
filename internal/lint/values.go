package lint

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// checkArgument looks at the value of an argument.
func (m *module) checkArgument(value hcl.Expression, name string, a *Object, at string) {
	if a.Nesting == Plain {
		m.checkPlain(value, name, at)
		return
	}
	for _, choice := range m.choices(value, nil) {
		switch a.Nesting {
		case List:
			for i, element := range m.elements(choice) {
				m.checkObjects(element, name, a, at+"["+strconv.Itoa(i)+"]")
			}
		case Map:
			for key, element := range m.members(choice) {
				m.checkObjects(element, name, a, at+"."+key)
			}
		default:
			m.checkObject(choice, name, a, at)
		}
	}
}

func (m *module) checkObjects(value hcl.Expression, name string, o *Object, at string) {
	for _, choice := range m.choices(value, nil) {
		m.checkObject(choice, name, o, at)
	}
}

// checkObject looks at the members of an object that is written out.
func (m *module) checkObject(value hcl.Expression, name string, o *Object, at string) {
	pairs, diags := hcl.ExprMap(value)
	if diags.HasErrors() {
		return // a reference or a call: what it has is not written here
	}
	given := map[string]bool{}
	for _, pair := range pairs {
		key, known := text(pair.Key)
		if !known {
			continue
		}
		given[key] = true
		if a := o.Arguments[key]; a != nil {
			m.checkArgument(pair.Value, key, a, at+"."+key)
			continue
		}
		m.add(pair.Key.Range(), Error, "unknown_name", at+"."+key, "there is no such argument, and Terraform drops it without an error: %s", instead(key, o))
	}
	if name == "downloads" && given["url"] && !given["sha256"] {
		m.add(value.Range(), Warning, "unpinned_download", at,
			"the first plan locks the file that the address has at that time: write its sha256")
	}
}

// instead names the argument that was meant, or all that there are. Of names that
// are close to what is written the closest was meant, else one that it is a part of.
func instead(key string, o *Object) string {
	names := slices.Sorted(maps.Keys(o.Arguments))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(runtimes.Distance(key, a), runtimes.Distance(key, b)) })
	meant := slices.IndexFunc(names, func(name string) bool {
		return runtimes.Distance(key, name) <= len(key)/2 || strings.Contains(name, key) || strings.HasPrefix(key, name)
	})
	if meant >= 0 {
		return "write " + strconv.Quote(names[meant])
	}
	slices.Sort(names)
	return "it takes " + strings.Join(names, ", ")
}

// files are the arguments that name a file or a folder of the user.
var files = []string{
	"source", "context", "requirements_file", "lock_file", "package_json", "output_path", "sbom_path", "changelog_path", "unpack_path", "filename", "dockerfile", "npmrc",
}

// exact matches a requirement that allows one version alone, or has a URL.
var exact = regexp.MustCompile(`===?\s*[^*\s]+\s*(;.*)?$|@\s*\S`)

// checkPlain looks at a value without objects.
func (m *module) checkPlain(value hcl.Expression, name, at string) {
	if written, known := text(value); known && slices.Contains(files, name) && absolute(written) {
		m.add(value.Range(), Warning, "absolute_path", at,
			"%q exists on one machine only: write a path below ${path.module}", written)
	}
	if name == "requirements" {
		for i, element := range m.elements(value) {
			if r, known := text(element); known && !exact.MatchString(r) {
				m.add(element.Range(), Note, "range", at+"["+strconv.Itoa(i)+"]",
					"%q is a range: each state locks a version of its own. For the same version everywhere, use a lock file", r)
			}
		}
	}
}

// absolute reports whether a path begins at the root of a machine, as Linux,
// macOS or Windows write it.
func absolute(name string) bool {
	drive := len(name) > 2 && name[1] == ':' && (name[2] == '\\' || name[2] == '/')
	return strings.HasPrefix(name, "/") || strings.HasPrefix(name, "~") || strings.HasPrefix(name, `\\`) || drive
}

// text returns the text of a literal or of a name.
func text(e hcl.Expression) (string, bool) {
	value, diags := e.Value(nil)
	if diags.HasErrors() || value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return "", false
	}
	return value.AsString(), true
}

// choices returns the expressions that a value may come from: both sides of a
// condition, what a local stands for, the arguments of merge and concat.
func (m *module) choices(e hcl.Expression, seen []string) []hcl.Expression {
	switch x := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return m.choices(x.Expression, seen)
	case *hclsyntax.ConditionalExpr:
		return append(m.choices(x.TrueResult, seen), m.choices(x.FalseResult, seen)...)
	case *hclsyntax.FunctionCallExpr:
		var all []hcl.Expression
		if slices.Contains([]string{"merge", "concat", "coalesce", "try", "tolist", "tomap"}, x.Name) {
			for _, argument := range x.Args {
				all = append(all, m.choices(argument, seen)...)
			}
		}
		return all
	}
	if traversal, diags := hcl.AbsTraversalForExpr(e); !diags.HasErrors() && len(traversal) == 2 && traversal.RootName() == "local" {
		step, ok := traversal[1].(hcl.TraverseAttr)
		if !ok || m.locals[step.Name] == nil || slices.Contains(seen, step.Name) {
			return nil
		}
		return m.choices(m.locals[step.Name], append(seen, step.Name))
	}
	return []hcl.Expression{e}
}

// elements returns the elements of a list that is written out, or what each
// element of a for expression is.
func (m *module) elements(e hcl.Expression) []hcl.Expression {
	if x, ok := e.(*hclsyntax.ForExpr); ok && x.KeyExpr == nil {
		return []hcl.Expression{x.ValExpr}
	}
	list, diags := hcl.ExprList(e)
	if diags.HasErrors() {
		return nil
	}
	return list
}

// members returns the values of a map that is written out, by key.
func (m *module) members(e hcl.Expression) map[string]hcl.Expression {
	if x, ok := e.(*hclsyntax.ForExpr); ok && x.KeyExpr != nil {
		return map[string]hcl.Expression{"*": x.ValExpr}
	}
	pairs, diags := hcl.ExprMap(e)
	if diags.HasErrors() {
		return nil
	}
	values := map[string]hcl.Expression{}
	for _, pair := range pairs {
		if key, known := text(pair.Key); known {
			values[key] = pair.Value
		}
	}
	return values
}
