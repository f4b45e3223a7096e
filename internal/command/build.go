package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
)

type buildCommand struct {
	File         string   `short:"f" type:"existingfile" help:"Specification: the arguments of a layerbuild_package, as .json or as .hcl."`
	Runtime      []string `placeholder:"ID" help:"Runtime, such as python3.12. May be repeated."`
	Architecture []string `placeholder:"ID" help:"x86_64 (default) or arm64."`
	Requirement  []string `short:"r" placeholder:"TEXT" help:"Python requirement, such as requests==2.31.0. May be repeated."`
	PythonLock   string   `type:"existingfile" placeholder:"FILE" help:"uv.lock, pylock.toml, poetry.lock or Pipfile.lock."`
	NodeLock     string   `type:"existingfile" placeholder:"FILE" help:"package-lock.json, yarn.lock or pnpm-lock.yaml."`
	Out          string   `short:"o" required:"" placeholder:"FILE" help:"Where the zip goes. The lock goes beside it, as FILE.lock.json."`
	CacheDir     string   `placeholder:"FOLDER" help:"Cache in place of the user's."`
	Quiet        bool     `short:"q" help:"Print no phases on standard error."`
	Verbose      bool     `short:"v" help:"Print each file and each request."`
	ExcludeNewer string   `placeholder:"TIME" help:"Releases after this time are ignored."`
}

// Run builds the zip that a layerbuild_package with the same arguments builds,
// and writes its lock beside it.
func (c *buildCommand) Run(ctx context.Context, out *output, info about) error {
	arguments, err := c.arguments()
	if err != nil {
		return err
	}
	arguments["output_path"] = c.Out
	settings := settingsOf("cache_dir", c.CacheDir, "exclude_newer", c.ExcludeNewer)
	told := newProgress(info.errs, c.Quiet, c.Verbose, out.sheet)
	built, err := provider.Build(ctx, info.version, settings, arguments, slog.New(told), told.received)
	told.end()
	if err != nil {
		return err
	}
	if err := writeLock(c.Out+layer.LockSuffix, built); err != nil {
		return err
	}
	lines := []string{fmt.Sprintf("%s\t%d bytes\tsha256 %s", built.Filename, built.Size, built.SHA256)}
	for _, name := range slices.Sorted(maps.Keys(built.Contents)) {
		lines = append(lines, fmt.Sprintf("  %s\t%s", name, built.Contents[name]))
	}
	for _, warning := range built.Warnings {
		lines = append(lines, "Warning: "+warning)
	}
	return out.print(built, lines)
}

// arguments returns those of the file, and those of the flags over them: a flag sets
// one key, and what is beside it stays.
func (c *buildCommand) arguments() (map[string]any, error) {
	all := map[string]any{}
	if c.File != "" {
		var err error
		if all, err = readSpecification(c.File); err != nil {
			return nil, err
		}
	}
	set := func(name string, values []string) {
		if len(values) > 0 {
			all[name] = list(values)
		}
	}
	set("runtimes", c.Runtime)
	set("architectures", c.Architecture)
	within := func(name, key string, value any) error {
		object, ok := all[name].(map[string]any)
		switch {
		case all[name] == nil:
			all[name] = map[string]any{key: value}
		case !ok:
			return fmt.Errorf("reading the specification: %q of the specification is no object, and a flag sets %s.%s", name, name, key)
		default:
			object[key] = value
		}
		return nil
	}
	var faults []error
	if c.PythonLock != "" {
		faults = append(faults, within("python", "lock_file", c.PythonLock))
	}
	if len(c.Requirement) > 0 {
		faults = append(faults, within("python", "requirements", list(c.Requirement)))
	}
	if c.NodeLock != "" {
		faults = append(faults, within("nodejs", "lock_file", c.NodeLock))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if all["runtimes"] == nil {
		return nil, errors.New("no runtime is given: write --runtime python3.12, or runtimes in the specification")
	}
	return all, nil
}

// settingsOf returns the settings that have a value, of names with their values.
func settingsOf(pairs ...string) map[string]any {
	settings := map[string]any{}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			settings[pair[0]] = pair[1]
		}
	}
	return settings
}

func list(values []string) []any {
	var all []any
	for _, v := range values {
		all = append(all, v)
	}
	return all
}

// readSpecification reads the arguments of a package out of a file. HCL knows
// path.module, the folder of the file, and no functions.
func readSpecification(name string) (map[string]any, error) {
	text, err := readGiven(name, filetree.MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("reading the specification: %w", err)
	}
	if !strings.HasSuffix(name, ".json") {
		if text, err = convertHCL(text, name); err != nil {
			return nil, fmt.Errorf("reading the specification: %w", err)
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	all := map[string]any{}
	err = decoder.Decode(&all)
	if _, wrong := errors.AsType[*json.UnmarshalTypeError](err); wrong || err == nil && all == nil {
		return nil, fmt.Errorf("reading the specification %q: it is not a JSON object: write the arguments of one layerbuild_package, such as {\"runtimes\": [\"python3.12\"], …}", name)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("reading the specification %q: it ends before it is complete", name)
	}
	if err == nil && decoder.More() {
		return nil, fmt.Errorf("reading the specification %q: more follows the object with the arguments: write one object", name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the specification %q: %w", name, err)
	}
	return all, nil
}

// convertHCL returns the attributes of a body as JSON.
func convertHCL(text []byte, name string) ([]byte, error) {
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	attributes, diags := file.Body.JustAttributes()
	if diags.HasErrors() {
		return nil, diags
	}
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{
		"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(filepath.ToSlash(filepath.Dir(name)))}),
	}}
	values := map[string]ctyjson.SimpleJSONValue{}
	for _, a := range attributes {
		value, diags := a.Expr.Value(scope)
		if diags.HasErrors() {
			return nil, diags
		}
		values[a.Name] = ctyjson.SimpleJSONValue{Value: value}
	}
	return json.Marshal(values)
}
