package provider

import (
	"errors"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// slot is an argument anywhere in a schema: put returns the whole configuration
// with a value in it.
type slot struct {
	name string // such as "python.index[].url"
	typ  tftypes.Type
	put  func(tftypes.Value) tftypes.Value
}

// samples are values that an argument accepts, by the last part of its name,
// where any text would not do. They fill what an object around a slot needs.
func samples() map[string]tftypes.Value {
	return map[string]tftypes.Value{
		"runtimes": strs("python3.12"), "architectures": strs("x86_64"), "requirements": strs("six==1.16.0"),
		"target": str("python/x.py"), "packages": strs("acme"), "url": str("https://example.com/x.tar"),
		"image": str("alpine:3.22"), "context": str("."), "bucket": str("some-bucket"), "name": str("/layers/x"), "profile_name": str("signer_1"),
		"domain": str("acme"), "repository": str("main"), "source_code_hash": str("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
		"sha256": str(strings.Repeat("0a", 32)), "lock": str(""), "filename": str("layer.zip"), "size": num(100),
		"files":      tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"/bin/x": str("bin/x")}),
		"layer_name": str("deps"), "function_name": str("app"),
	}
}

func num(n float64) tftypes.Value { return tftypes.NewValue(tftypes.Number, big.NewFloat(n)) }

// slots walks the arguments of a block. base is what else the configuration has.
func slots(block *tfprotov6.SchemaBlock, base map[string]tftypes.Value) []slot {
	var all []slot
	put := func(given map[string]tftypes.Value) tftypes.Value {
		whole := maps.Clone(base)
		maps.Copy(whole, given)
		return blockOf(block, whole)
	}
	all = append(all, attributeSlots("", block.Attributes, nil, put)...)
	for _, b := range block.BlockTypes {
		of := func(v tftypes.Value) tftypes.Value { return put(map[string]tftypes.Value{b.TypeName: v}) }
		all = append(all, slot{b.TypeName, b.ValueType(), of})
		inner := func(given map[string]tftypes.Value) tftypes.Value {
			return of(tftypes.NewValue(b.ValueType(), []tftypes.Value{blockOf(b.Block, given)}))
		}
		all = append(all, attributeSlots(b.TypeName+"[].", b.Block.Attributes, nil, inner)...)
	}
	return all
}

// attributeSlots walks attributes; needed are those around each.
func attributeSlots(prefix string, attributes []*tfprotov6.SchemaAttribute, needed map[string]tftypes.Value, put func(map[string]tftypes.Value) tftypes.Value) []slot {
	var all []slot
	for _, a := range attributes {
		if !a.Optional && !a.Required {
			continue
		}
		of := func(v tftypes.Value) tftypes.Value {
			given := maps.Clone(needed)
			if given == nil {
				given = map[string]tftypes.Value{}
			}
			given[a.Name] = v
			return put(given)
		}
		all = append(all, slot{prefix + a.Name, a.ValueType(), of})
		if a.NestedType == nil {
			continue
		}
		typ := objectType(a.NestedType)
		inner := func(given map[string]tftypes.Value) tftypes.Value {
			return of(wrapped(a.ValueType(), nestedValue(typ, given)))
		}
		mark := "."
		if a.NestedType.Nesting != tfprotov6.SchemaObjectNestingModeSingle {
			mark = "[]."
		}
		all = append(all, attributeSlots(prefix+a.Name+mark, a.NestedType.Attributes, required(a.NestedType), inner)...)
	}
	return all
}

// required returns samples of what an object must have.
func required(of *tfprotov6.SchemaObject) map[string]tftypes.Value {
	given := map[string]tftypes.Value{}
	for _, a := range of.Attributes {
		if sample, ok := samples()[a.Name]; ok && a.Required && sample.Type().Equal(a.ValueType()) {
			given[a.Name] = sample
		}
	}
	return given
}

func objectType(of *tfprotov6.SchemaObject) tftypes.Object {
	types := map[string]tftypes.Type{}
	for _, a := range of.Attributes {
		types[a.Name] = a.ValueType()
	}
	return tftypes.Object{AttributeTypes: types}
}

func nestedValue(typ tftypes.Object, given map[string]tftypes.Value) tftypes.Value {
	all := map[string]tftypes.Value{}
	for name, of := range typ.AttributeTypes {
		all[name] = tftypes.NewValue(of, nil)
	}
	maps.Copy(all, given)
	return tftypes.NewValue(typ, all)
}

// wrapped returns a collection of the type with the one element, or the element.
func wrapped(typ tftypes.Type, element tftypes.Value) tftypes.Value {
	switch typ.(type) {
	case tftypes.List, tftypes.Set:
		return tftypes.NewValue(typ, []tftypes.Value{element})
	case tftypes.Map:
		return tftypes.NewValue(typ, map[string]tftypes.Value{"k": element})
	}
	return element
}

// trials returns what a careless or unlucky user may give an argument of the
// type: nothing, what is not known yet, elements that are either, and values
// that few arguments accept.
func trials(typ tftypes.Type) []tftypes.Value {
	all := []tftypes.Value{tftypes.NewValue(typ, nil), tftypes.NewValue(typ, tftypes.UnknownValue)}
	elements := func(of tftypes.Type, wrap func(...tftypes.Value) tftypes.Value) {
		all = append(all, wrap())
		for _, element := range trials(of) {
			all = append(all, wrap(element))
		}
		if some := trials(of); len(some) > 3 {
			all = append(all, wrap(some[1], some[3]), wrap(some[3], some[3]))
		}
	}
	switch of := typ.(type) {
	case tftypes.List:
		elements(of.ElementType, func(v ...tftypes.Value) tftypes.Value { return tftypes.NewValue(typ, append([]tftypes.Value{}, v...)) })
	case tftypes.Set:
		elements(of.ElementType, func(v ...tftypes.Value) tftypes.Value { return tftypes.NewValue(typ, append([]tftypes.Value{}, v...)) })
	case tftypes.Map:
		elements(of.ElementType, func(v ...tftypes.Value) tftypes.Value {
			m := map[string]tftypes.Value{}
			for i, element := range v {
				m[string(rune('a'+i))] = element
			}
			return tftypes.NewValue(typ, m)
		})
		all = append(all, tftypes.NewValue(typ, map[string]tftypes.Value{"": trials(of.ElementType)[1]}))
	case tftypes.Object:
		unknown, null := map[string]tftypes.Value{}, map[string]tftypes.Value{}
		for name, part := range of.AttributeTypes {
			unknown[name], null[name] = tftypes.NewValue(part, tftypes.UnknownValue), tftypes.NewValue(part, nil)
		}
		all = append(all, tftypes.NewValue(typ, unknown), tftypes.NewValue(typ, null))
	default:
		switch {
		case typ.Is(tftypes.Bool):
			all = append(all, tftypes.NewValue(typ, false), tftypes.NewValue(typ, true))
		case typ.Is(tftypes.Number):
			for _, n := range []float64{0, 1, -1, 1.5, 1e30} {
				all = append(all, num(n))
			}
		case typ.Is(tftypes.String):
			for _, s := range []string{"", "x", " ", "no such", "[", "{", "ä\u200b\U0001f600", "a\nb", "1.5", "http://[::1", strings.Repeat("a", 70_000)} {
				all = append(all, str(s))
			}
		}
	}
	return all
}

// unblamed fails where a message blames the provider, and turns a panic into a
// failure that names the case.
func unblamed(t *testing.T, name string, value tftypes.Value, try func() said) {
	t.Helper()
	shown := value.String()
	if len(shown) > 200 {
		shown = shown[:200] + "…"
	}
	defer func() {
		if fault := recover(); fault != nil {
			t.Errorf("%s = %s: panic: %v", name, shown, fault)
		}
	}()
	if text := try().String(); blames.MatchString(text) {
		t.Errorf("%s = %s:\n%s", name, shown, text)
	}
}

// region of the configurations, and what they need beside it.
func providerBase(url string) map[string]tftypes.Value {
	return map[string]tftypes.Value{
		"region": str("eu-west-1"), "access_key": str("AKIAIOSFODNN7EXAMPLE"), "secret_key": str("not-a-secret"),
		"skip_metadata_api_check": str("true"), "s3_use_path_style": tftypes.NewValue(tftypes.Bool, true),
		"offline": tftypes.NewValue(tftypes.Bool, true),
		"endpoints": tftypes.NewValue(tftypes.Set{ElementType: endpointsType()}, []tftypes.Value{tftypes.NewValue(endpointsType(), map[string]tftypes.Value{
			"codeartifact": str(url), "iam": str(url), "lambda": str(url), "s3": str(url), "signer": str(url), "ssm": str(url), "sso": str(url), "sts": str(url),
		})}),
	}
}

func endpointsType() tftypes.Object {
	all := map[string]tftypes.Type{}
	for _, name := range []string{"codeartifact", "iam", "lambda", "s3", "signer", "ssm", "sso", "sts"} {
		all[name] = tftypes.String
	}
	return tftypes.Object{AttributeTypes: all}
}

func packageBase(p *protocol) map[string]tftypes.Value {
	for _, a := range p.schemas.ResourceSchemas["layerbuild_package"].Block.Attributes {
		if a.Name == "files" {
			element := nestedValue(objectType(a.NestedType), map[string]tftypes.Value{"content": str("A = 1"), "target": str("python/x.py")})
			return map[string]tftypes.Value{"runtimes": strs("python3.12"), "files": wrapped(a.ValueType(), element)}
		}
	}
	panic("no files")
}

// objectBase writes a zip where that of a package lies, and names it.
func objectBase(p *protocol) map[string]tftypes.Value {
	for _, a := range p.schemas.ResourceSchemas["layerbuild_object"].Block.Attributes {
		if a.Name == "package" {
			zip := zipOf(p, "python/x.py", "A = 1")
			given := required(a.NestedType)
			digest, err := publish.ParseCodeSHA256(hashOf(zip))
			if err != nil {
				p.Fatal(err)
			}
			name := layer.DefaultPath(digest) // below the folder of the test
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(zip), 0o600)); err != nil {
				p.Fatal(err)
			}
			maps.Copy(given, map[string]tftypes.Value{"source_code_hash": str(hashOf(zip)), "size": num(float64(len(zip)))})
			return map[string]tftypes.Value{"bucket": str("artifacts"), "package": nestedValue(objectType(a.NestedType), given)}
		}
	}
	panic("no package")
}

func versionBase() map[string]tftypes.Value {
	return map[string]tftypes.Value{"layer_name": str("deps"), "filename": str("layer.zip")}
}

// dataBase are arguments of a data source that it can be read with.
func dataBase(name string) map[string]tftypes.Value {
	if name == "layerbuild_inspection" {
		return map[string]tftypes.Value{"filename": str("layer.zip")}
	}
	return map[string]tftypes.Value{"layer_name": str("deps")}
}

// actionBase are arguments of an action that it can run with.
func actionBase() map[string]tftypes.Value {
	return map[string]tftypes.Value{"function_name": str("app")}
}

// bases are arguments of each resource that make one.
func bases(p *protocol) map[string]map[string]tftypes.Value {
	return map[string]map[string]tftypes.Value{
		"layerbuild_package": packageBase(p),
		"layerbuild_version": versionBase(),
		"layerbuild_object":  objectBase(p),
		"layerbuild_retirement": {
			"version_arn": str("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1"),
			"versions":    tftypes.NewValue(tftypes.List{ElementType: tftypes.Number}, []tftypes.Value{num(2)}),
		},
		"layerbuild_rollout": {"version_arn": str("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1"), "tags": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"a": str("b")})},
	}
}

// TestAnyValueOfAnyArgument gives every argument of the provider block, of every
// resource, data source and action values that are unknown, null, empty, hold
// such elements, or are of the wrong form. Nothing crashes, and every message is
// one that a user can act on.
func TestAnyValueOfAnyArgument(t *testing.T) {
	aws := lambdatest.New(t)
	aws.CreateBucket(region, "artifacts", true)
	dir := t.TempDir()
	t.Chdir(dir)
	writeZip(t, filepath.Join(dir, "layer.zip"))
	env := map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()}
	p := newProtocol(t, env)
	block := p.schemas.Provider.Block
	if found := p.configure(blockOf(block, providerBase(aws.URL()))); found.failed() {
		t.Fatal(found)
	}
	tried := 0
	p.apply("layerbuild_version", blockOf(p.schemas.ResourceSchemas["layerbuild_version"].Block, versionBase())) // for its roll-out
	for _, name := range slices.Sorted(maps.Keys(p.schemas.ResourceSchemas)) {
		schema, base := p.schemas.ResourceSchemas[name], bases(p)[name]
		if base == nil {
			t.Fatalf("%s has no base here: add one", name)
		}
		before := p.apply(name, blockOf(schema.Block, base))
		for _, s := range slots(schema.Block, base) {
			for n, value := range trials(s.typ) {
				tried++
				config := s.put(value)
				unblamed(t, name+"."+s.name, value, func() said {
					planned, _, found := p.plan(name, instance{}, config)
					if !found.failed() {
						checkPlanned(t, schema.Block, config, planned)
					}
					return found
				})
				if n > 4 {
					continue // what is null, unknown or empty, and one more, is tried on an existing one too
				}
				unblamed(t, name+"."+s.name+" of an existing one", value, func() said {
					_, _, found := p.plan(name, before, config)
					return found
				})
			}
		}
	}
	for name, schema := range p.schemas.DataSourceSchemas {
		for _, s := range slots(schema.Block, dataBase(name)) {
			for _, value := range trials(s.typ) {
				tried++
				config := s.put(value)
				unblamed(t, name+"."+s.name, value, func() said {
					_, found := p.data(name, config, config.IsFullyKnown() && s.name != "region", nil)
					return found
				})
			}
		}
	}
	for name, schema := range p.schemas.ActionSchemas {
		for _, s := range slots(schema.Schema.Block, actionBase()) {
			for _, value := range trials(s.typ) {
				tried++
				config := s.put(value)
				unblamed(t, name+"."+s.name, value, func() said {
					_, found := p.act(name, config, config.IsFullyKnown() && s.name != "region")
					return found
				})
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d configurations were tried", tried)
	}
}

// TestAnyValueOfAnySetting does the same to the provider block, and plans with
// what came of it.
func TestAnyValueOfAnySetting(t *testing.T) {
	aws := lambdatest.New(t)
	aws.CreateBucket(region, "artifacts", true)
	dir := t.TempDir()
	t.Chdir(dir)
	writeZip(t, filepath.Join(dir, "layer.zip"))
	env := map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()}
	p := newProtocol(t, env)
	block := p.schemas.Provider.Block
	for _, s := range slots(block, providerBase(aws.URL())) {
		for _, value := range trials(s.typ) {
			config := s.put(value)
			unblamed(t, s.name, value, func() said {
				p := newProtocol(t, env)
				found := p.configure(config)
				if found.failed() {
					return found
				}
				_, _, more := p.plan("layerbuild_package", instance{}, blockOf(p.schemas.ResourceSchemas["layerbuild_package"].Block, packageBase(p)))
				found = append(found, more...)
				if config.IsFullyKnown() {
					return found // what AWS makes of it is no matter here
				}
				_, _, more = p.plan("layerbuild_version", instance{}, blockOf(p.schemas.ResourceSchemas["layerbuild_version"].Block, versionBase()))
				found = append(found, more...)
				for name, schema := range p.schemas.DataSourceSchemas {
					_, more := p.data(name, blockOf(schema.Block, dataBase(name)), true, nil)
					found = append(found, more...)
				}
				return found
			})
		}
	}
}

// TestOneMistakeOneError: a value that no argument takes is told of once.
func TestOneMistakeOneError(t *testing.T) {
	t.Chdir(t.TempDir())
	writeZip(t, "layer.zip")
	p := newProtocol(t, map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()})
	if found := p.configure(blockOf(p.schemas.Provider.Block, providerBase(lambdatest.New(t).URL()))); found.failed() {
		t.Fatal(found)
	}
	p.apply("layerbuild_version", blockOf(p.schemas.ResourceSchemas["layerbuild_version"].Block, versionBase()))
	wrong := 0
	for name, schema := range p.schemas.ResourceSchemas {
		for _, s := range slots(schema.Block, bases(p)[name]) {
			value := str("no such")
			switch {
			case s.typ.Is(tftypes.String):
			case s.typ.Equal(tftypes.List{ElementType: tftypes.String}), s.typ.Equal(tftypes.Set{ElementType: tftypes.String}):
				value = tftypes.NewValue(s.typ, []tftypes.Value{value})
			default:
				continue
			}
			_, _, found := p.plan(name, instance{}, s.put(value))
			var faults []string
			for _, d := range found {
				if d.Severity == tfprotov6.DiagnosticSeverityError {
					faults = append(faults, d.Summary+": "+d.Detail)
				}
			}
			if len(faults) > 0 {
				wrong++
			}
			// Objects with the argument alone lack another one, and functions do not go
			// with the tags of the base: two mistakes.
			two := strings.HasSuffix(s.name, ".exclude_newer") || s.name == "files[].symlinks" || name == "layerbuild_rollout" && s.name == "functions"
			if len(faults) > 1 && !two {
				t.Errorf("%s.%s:\n%s", name, s.name, strings.Join(faults, "\n"))
			}
		}
	}
	if wrong < 25 {
		t.Errorf("only %d values were wrong", wrong)
	}
}

// checkPlanned holds a plan against what a CLI accepts: what the configuration
// says stays as it is.
func checkPlanned(t *testing.T, block *tfprotov6.SchemaBlock, config, planned tftypes.Value) {
	t.Helper()
	given, got := fields(config), fields(planned)
	for _, a := range block.Attributes {
		want := given[a.Name]
		if want.IsNull() && a.Computed || !want.IsFullyKnown() {
			continue
		}
		if !got[a.Name].Equal(want) {
			t.Errorf("planned %s = %s, the configuration says %s", a.Name, got[a.Name], want)
		}
	}
}

func writeZip(t testing.TB, name string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(zipOf(t, "python/x.py", "A = 1")), 0o644); err != nil {
		t.Fatal(err)
	}
}
