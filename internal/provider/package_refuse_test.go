package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestPackageRefuses holds bad input against the sentence that names it. No
// case leaves a zip.
func TestPackageRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken := w.write("taken.txt", "mine\n")
	program := w.write("tool", elfHeader(183))
	_, idna := w.index.Wheel("idna-3.7-py3-none-any.whl")
	big := filepath.Join(w.dir, "big")
	makeSparse(t, filepath.Join(big, "python", "heavy.bin"), 262_144_001)
	for name, c := range map[string]struct{ arguments, want string }{
		"unknown runtime":    {`runtimes = ["python3.21"]; python = { requirements = ["idna"] }`, `"python3.21" is not a current Lambda runtime`},
		"no python runtime":  {`runtimes = ["nodejs22.x"]; python = { requirements = ["idna"] }`, `none of its runtimes runs Python`},
		"nothing":            {`runtimes = ["python3.12"]`, `Nothing to pack`},
		"no requirement":     {`runtimes = ["python3.12"]; python = { constraints = ["idna"] }`, `No Python requirement`},
		"requirement syntax": {`runtimes = ["python3.12"]; python = { requirements = ["idna>>3"] }`, `Malformed requirement "idna>>3"`},
		"missing":            {`runtimes = ["python3.12"]; python = { requirements = ["idnaa"] }`, `There is no distribution "idnaa"`},
		"impossible version": {`runtimes = ["python3.12"]; python = { requirements = ["idna==9.9"] }`, `No version of "idna" fits`},
		"conflict":           {`runtimes = ["python3.12"]; python = { requirements = ["left", "right"] }`, `(?s)conflict on idna.*left.*right`},
		"sdist only":         {`runtimes = ["python3.12"]; python = { requirements = ["source-only"] }`, `No wheel of "source-only" 1.0 runs on python3.12 x86_64`},
		"sdist with code":    {`runtimes = ["python3.12"]; python = { requirements = ["source-only"], sdist = "pure" }`, `(?s)No wheel of "source-only" 1.0 runs on.*neither an .egg-info folder.*pip wheel --no-deps source-only==1.0`},
		"sdist value":        {`runtimes = ["python3.12"]; python = { requirements = ["idna"], sdist = "all" }`, `Unknown value "all"`},
		"both architectures": {`runtimes = ["python3.12"]; architectures = ["x86_64", "arm64"]; python = { requirements = ["native"] }`, `(?s)cannot serve both architectures.*native-1.0.*for_each`},
		"glibc too new":      {`runtimes = ["python3.11"]; python = { requirements = ["modern"] }`, `(?s)No wheel of "modern" 2.0 runs on python3.11 x86_64.*glibc 2.28`},
		"missing path":       {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "python" }]`, filepath.Join(w.dir, "absent")), `absent`},
		"parent in target":   {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "python/../../etc" }]`, taken), `python/../../etc`},
		"absolute target":    {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "/python" }]`, taken), `"/python"`},
		"content and source": {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, content = "x", target = "python/x" }]`, taken), `both source and content`},
		"two of one path":    {`runtimes = ["python3.12"]; files = [{ content = "1", target = "python/x" }, { content = "2", target = "python/x" }]`, `(?s)Two inputs write "python/x".*files\[0\].*files\[1\]`},
		"too large":          {fmt.Sprintf(`runtimes = ["python3.12"]; python = { requirements = ["idna"] }; files = [{ source = %q }]`, big), `(?s)over the limit of 262144000.*files\[0\].*python:idna 3.7`},
		"other machine":      {fmt.Sprintf(`runtimes = ["python3.12"]; files = [{ source = %q, target = "bin/" }]`, program), `(?s)"bin/tool" is for arm64, the layer for x86_64`},
		"one machine":        {fmt.Sprintf(`runtimes = ["python3.12"]; architectures = ["x86_64", "arm64"]; files = [{ source = %q, target = "bin/" }]`, program), `(?s)cannot serve both architectures.*is for arm64.*for_each`},
		"index with secret":  {`runtimes = ["python3.12"]; python = { requirements = ["idna"], index = [{ url = "https://me:secret@pypi.example.com/simple/", packages = ["acme-*"] }] }`, `Credentials in the address of the index at "pypi.example.com"`},
		"index pattern":      {`runtimes = ["python3.12"]; python = { requirements = ["idna"], index = [{ url = "https://pypi.example.com/simple/", packages = ["acme-["] }] }`, `Malformed pattern "acme-\["`},
		"excluded name":      {`runtimes = ["python3.12"]; python = { requirements = ["idna"], exclude = ["url*"] }`, `Malformed name "url\*"`},
		"output directory":   {`runtimes = ["python3.12"]; python = { requirements = ["idna"] }; output_path = "x/"`, `Unusable output path "x/"`},
		"shadow":             {`runtimes = ["python3.12"]; python = { requirements = ["boto3"], exclude = ["botocore"] }; checks = { sdk_shadow = "error" }`, `boto3 comes from the layer and botocore from the runtime`},
		"withdrawn":          {`runtimes = ["python3.12"]; python = { requirements = ["taken-back==1.0"] }; checks = { withdrawn = "error" }`, `(?s)1 distribution in the lock was withdrawn.*taken-back 1.0 was yanked by its authors: "broken"`},
		"null value":         {`runtimes = ["python3.12"]; python = { requirements = [null] }`, `null value`},
		"hashes":             {`runtimes = ["python3.12"]; python = { requirements = ["requests"], require_hashes = true }`, `(?s)Distributions without a hash.*idna==3.7 --hash=sha256:`},
		"some hashes":        {fmt.Sprintf(`runtimes = ["python3.12"]; python = { requirements = ["requests", "idna --hash=sha256:%s"] }`, idna), `(?s)Distributions without a hash.*requests==2.31.0`},
		"output taken":       {fmt.Sprintf(`runtimes = ["python3.12"]; python = { requirements = ["idna"] }; output_path = %q`, taken), `is taken`},
		"requirements file":  {fmt.Sprintf(`runtimes = ["python3.12"]; python = { requirements_file = %q }`, w.write("bad.txt", "idna\n-e ./here\n")), `bad.txt:2`},
		"malformed moment":   {`runtimes = ["python3.12"]; python = { requirements = ["idna"], exclude_newer = "yesterday" }`, `Malformed moment "yesterday"`},
		"malformed pattern":  {`runtimes = ["python3.12"]; python = { requirements = ["idna"] }; exclude = ["[a"]`, `Malformed pattern "\[a"`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "layer.zip")
			arguments := lines(c.arguments)
			if !strings.Contains(arguments, "output_path") {
				arguments += fmt.Sprintf("\n  output_path = %q", out)
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config:      w.config("\nresource \"layerbuild_package\" \"p\" {\n  %s\n}", arguments),
					ExpectError: sentenceLike(c.want),
				}},
			})
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); err != nil || len(left) != 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
	t.Cleanup(func() {
		if b, err := os.ReadFile(taken); err != nil || string(b) != "mine\n" {
			t.Errorf("the taken file holds %q, %v", b, err)
		}
	})
}
