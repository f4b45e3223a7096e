package provider

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// elfFor returns a shared object for x86_64, or with a loader a program, that
// needs a library and, where one is named, a symbol version of it.
func elfFor(loader, library, version string) string {
	const base = 0x400000
	text := "\x00" + library + "\x00" + version + "\x00"
	var body []byte
	at := func(b ...byte) uint64 {
		for len(body)%8 != 0 {
			body = append(body, 0)
		}
		body = append(body, b...)
		return uint64(64 + 3*56 + len(body) - len(b))
	}
	words := func(values ...uint64) []byte {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		return b
	}
	strings := at([]byte(text)...)
	interp := at(append([]byte(loader), 0)...)
	needs := at(1, 0, 1, 0, 1, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(2+len(library)), 0, 0, 0, 0, 0, 0, 0)
	dynamic := []uint64{1, 1, 5, base + strings, 10, uint64(len(text))}
	if version != "" {
		dynamic = append(dynamic, 0x6ffffffe, base+needs, 0x6fffffff, 1)
	}
	table := words(append(dynamic, 0, 0)...)
	dyn := at(table...)
	size := uint64(64 + 3*56 + len(body))
	out := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57)...)
	binary.LittleEndian.PutUint16(out[16:], 3)
	binary.LittleEndian.PutUint16(out[18:], 62)
	binary.LittleEndian.PutUint64(out[32:], 64)
	binary.LittleEndian.PutUint16(out[54:], 56)
	binary.LittleEndian.PutUint16(out[56:], 3)
	kind, length := uint64(3), uint64(len(loader)+1)
	if loader == "" {
		kind, length = 4, 0
	}
	for _, p := range [][3]uint64{{1, 0, size}, {2, dyn, uint64(len(table))}, {kind, interp, length}} {
		out = append(out, words(p[0], p[1], base+p[1], 0, p[2], p[2], 1)...)
	}
	return string(append(out, body...))
}

// executables returns the files that a zip marks executable.
func executables(t *testing.T, file string) string {
	t.Helper()
	r, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.File {
		if f.Mode()&0o111 != 0 {
			names = append(names, f.Name)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

const loaderX86 = "/lib64/ld-linux-x86-64.so.2"

// TestWhatCannotLoadFailsAtPlan plans what a function could not find, load or run.
// Each sentence names the file, the cause and what to write.
func TestWhatCannotLoadFailsAtPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("shared/__init__.py", "from .a import A\n")
	w.write("shared/a.py", "A = 1\n")
	w.write("lib/index.js", "module.exports = 1\n")
	w.write("m/_c.cpython-311-x86_64-linux-gnu.so", elfFor("", "libc.so.6", ""))
	w.write("scripts/tool", "#!/usr/local/bin/python\nprint()\n")
	dyn := w.write("dyn", elfFor(loaderX86, "libc.so.6", "GLIBC_2.34"))
	source := func(name string) string { return filepath.Join(w.dir, name) }
	for name, c := range map[string]struct{ arguments, want string }{
		"module not found":   {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "shared_utils" }]`, source("shared")), `(?s)Nothing in "shared_utils/" can be imported.*python3.12 looks into python/ and python/lib/python3.12/site-packages/.*target = "python/shared_utils"`},
		"no target":          {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q }]`, source("shared")), `(?s)Nothing in "__init__.py" can be imported.*target = "python/NAME"`},
		"other version":      {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "python/lib/python3.11/site-packages/shared_utils" }]`, source("shared")), `(?s)"python/lib/python3.11/site-packages/" is a folder of none of the runtimes.*python/lib/python3.12/site-packages/`},
		"node_modules":       {fmt.Sprintf(`runtimes = ["nodejs22.x"]; files = [{ source = %q, target = "node_modules/lib" }]`, source("lib")), `(?s)Nothing in "node_modules/" can be required.*target = "nodejs/node_modules"`},
		"newer glibc":        {fmt.Sprintf(`runtimes = ["python3.11"]; files = [{ source = %q, target = "bin/dyn" }]`, dyn), `(?s)"bin/dyn" needs GLIBC_2.34, which Amazon Linux 2 does not have.*glibc 2.26`},
		"module of another":  {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "python/m" }]`, source("m")), `(?s)"python/m/_c.cpython-311-x86_64-linux-gnu.so" is for CPython 3.11, not for python3.12`},
		"interpreter":        {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "bin" }]`, source("scripts")), `(?s)"bin/tool" names an interpreter of another machine.*#!/usr/bin/env python`},
		"warnings as errors": {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "tools" }]; checks = { layout = "error" }`, dyn), `(?s)The program "tools" is not on PATH.*target = "bin/tools"`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "layer.zip")
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config:      w.config("\nresource \"layerbuild_package\" \"p\" {\n  %s\n  output_path = %q\n}", lines(c.arguments), out),
					PlanOnly:    true,
					ExpectError: sentenceLike(c.want),
				}},
			})
			if left, err := filepath.Glob(out); err != nil || len(left) != 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}

// TestFindingsStandInTheState plans what may fail: the findings are known at plan,
// stay in the state and read nothing again, and a check turns them off.
func TestFindingsStandInTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("src/lib/libuse.so", elfFor("", "libbar.so.7", ""))
	w.write("src/ffmpeg/ffmpeg", elfFor(loaderX86, "libc.so.6", "GLIBC_2.17"))
	w.write("src/python/a.py", "A = 1\n")
	out := filepath.Join(w.dir, "layer.zip")
	config := func(checks string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  files       = [{ source = %q }]
  %s
}`, out, filepath.Join(w.dir, "src"), checks)
	}
	finding := func(check, file, like string) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"check": knownvalue.StringExact(check), "severity": knownvalue.StringExact("warning"), "file": knownvalue.StringExact(file),
			"distribution": knownvalue.StringExact("files[0]"), "text": knownvalue.StringRegexp(sentenceLike(like)),
		})
	}
	found := knownvalue.ListExact([]knownvalue.Check{
		finding("layout", "ffmpeg/ffmpeg", `is not on PATH`), finding("libraries", "lib/libuse.so", `libbar.so.7.*another layer`),
	})
	const name = "layerbuild_package.p"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: config(""),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectKnownValue(name, tfjsonpath.New("findings"), found)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(name, tfjsonpath.New("findings"), found)},
				Check: func(*terraformState) error {
					if modes := executables(t, out); modes != "ffmpeg/ffmpeg" {
						t.Errorf("executable are %q, want the program wherever it lies", modes)
					}
					return nil
				},
			},
			{
				Config:            config(`checks = { layout = "off", libraries = "off" }`),
				ConfigPlanChecks:  expectEmpty(),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(name, tfjsonpath.New("findings"), knownvalue.ListExact(nil))},
			},
			{Config: config(`checks = { libraries = "error" }`), ExpectError: sentenceLike(`(?s)"lib/libuse.so" needs libbar.so.7.*checks = \{ libraries = "warning" \}`)},
		},
	})
}

// TestVersionsOfWhatIsNoLayer publishes zips that nobody built here, and a package
// under another name than its own.
func TestVersionsOfWhatIsNoLayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	function := w.write("function.zip", zipOf(t, "m.py", "M = 1\n"))
	deep := w.write("deep.zip", zipOf(t, "my-layer/python/m.py", "M = 1\n"))
	w.write("src/m.cpython-312-x86_64-linux-gnu.so", elfFor("", "libc.so.6", "GLIBC_2.28"))
	for name, c := range map[string]struct{ config, want string }{
		"the zip of a function": {fmt.Sprintf(`
resource "layerbuild_version" "v" {
  layer_name          = "v"
  filename            = %q
  compatible_runtimes = ["python3.12"]
}`, function), `(?s)Nothing in "m.py" can be imported`},
		"a top folder": {fmt.Sprintf(`
resource "layerbuild_version" "v" {
  layer_name = "v"
  filename   = %q
}`, deep), `(?s)Everything lies in "my-layer/", one folder too deep`},
		"a check as an error": {fmt.Sprintf(`
resource "layerbuild_version" "v" {
  layer_name          = "v"
  filename            = %q
  compatible_runtimes = ["python3.12"]
  checks              = { executables = "error" }
}`, w.write("bin.zip", zipOf(t, "bin/tool", "no program\n"))), `(?s)"bin/tool" is not a program`},
		"declared and not true": {fmt.Sprintf(`
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  files    = [{ source = %q, target = "python" }]
}
resource "layerbuild_version" "v" {
  layer_name               = "v"
  package                  = layerbuild_package.p
  compatible_runtimes      = ["python3.9"]
  compatible_architectures = ["arm64"]
}`, filepath.Join(w.dir, "src")), `(?s)CPython 3.12, not for python3.9.*built for\s+python3.12 on x86_64.*declared for\s+python3.9 arm64`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps:                    []resource.TestStep{{Config: w.config("%s", c.config), ExpectError: sentenceLike(c.want)}},
			})
		})
	}
	t.Cleanup(func() {
		if made := w.aws.Versions(region, "v"); len(made) != 0 {
			t.Errorf("published were %v", made)
		}
	})
}

// TestChecksOfAZip turns off what a zip is accused of, and changes that alone.
func TestChecksOfAZip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := w.write("function.zip", zipOf(t, "m.py", "M = 1\n"))
	config := func(checks string) string {
		return w.config("\nresource \"layerbuild_version\" \"v\" {\n  layer_name = \"v\"\n  filename = %q\n  compatible_runtimes = [\"python3.12\"]\n  %s\n}", file, checks)
	}
	settled := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(`checks = { layouts = "off" }`), PlanOnly: true, ExpectError: sentenceLike(`(?s)checks`)},
			{Config: config(""), PlanOnly: true, ExpectError: sentenceLike(`Nothing in "m.py" can be imported`)},
			{Config: config(`checks = { layout = "warning" }`), ConfigPlanChecks: settled},
			{Config: config(`checks = { layout = "off" }`), ConfigPlanChecks: settled},
			{PreConfig: func() { w.write("function.zip", zipOf(t, `python\m.py`, "M = 1\n")) }, Config: config(`checks = { layout = "error" }`), PlanOnly: true, ExpectError: sentenceLike(`(?s)was not looked into.*holds a backslash`)},
		},
	})
	if made := w.aws.Versions(region, "v"); len(made) != 1 {
		t.Errorf("published were %v, want one: checks change nothing", made)
	}
}
