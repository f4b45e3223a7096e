package layer

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// said returns what a user reads of an error: where, what, why.
func said(err error) string {
	var b strings.Builder
	for _, f := range fault.All(err) {
		b.WriteString(f.At.String() + ": " + f.Summary + ": " + f.Detail + "\n")
	}
	return b.String()
}

// TestNativeCodeForAnotherArchitecture names the file, and what to write.
func TestNativeCodeForAnotherArchitecture(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "ffmpeg")
	writeFile(t, program, elfFor(0x3e))
	b := newBuilder(t, indextest.New(t, universe))
	spec := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"arm64"}, Files: []FileSpec{{Source: program, Target: "bin/"}}}
	_, err := b.Resolve(t.Context(), spec, nil)
	if text := said(err); !strings.HasPrefix(text, `files[0]: "bin/ffmpeg" is for x86_64, the layer for arm64: `) || !strings.Contains(text, "built for arm64") {
		t.Errorf("another architecture: %s", text)
	}
	spec.Architectures = []string{"x86_64", "arm64"}
	_, err = b.Resolve(t.Context(), spec, nil)
	if text := said(err); !strings.Contains(text, `source = "bin/${each.key}/tool"`) || !strings.Contains(text, "architecture = each.key") || !strings.Contains(text, "for_each") {
		t.Errorf("both architectures: %s", text)
	}
	spec.Files, spec.Downloads = nil, []DownloadSpec{{URL: program, Target: "bin/ffmpeg"}}
	_, err = b.Resolve(t.Context(), spec, nil)
	if text := said(err); !strings.HasPrefix(text, "downloads[0]: One layer cannot serve both architectures") {
		t.Errorf("a download: %s", text)
	}
}

func elfFor(machine byte) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{machine}) + "\x00" + strings.Repeat("\x00", 44)
}

// TestPlaceholderOfADigest says which digest the file has.
func TestPlaceholderOfADigest(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "model.bin")
	writeFile(t, file, "x")
	index := indextest.New(t, universe)
	for _, c := range []struct{ url, want string }{
		{file, "the file there now has 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881; write that, if you trust the file"},
		{index.URL(), "its sha256 is a placeholder: the file there now has "},
	} {
		spec := Spec{
			Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
			Downloads: []DownloadSpec{{URL: c.url, SHA256: strings.Repeat("0", 64), AsIs: true, Target: "model.bin"}},
		}
		_, err := newBuilder(t, index).Resolve(t.Context(), spec, nil)
		if text := strings.ToLower(said(err)); !strings.Contains(text, c.want) {
			t.Errorf("%s: %s, want %s", c.url, text, c.want)
		}
	}
	wheel := &PythonSpec{Requirements: []string{"a"}, Wheels: []python.WheelSpec{{URL: "https://example.com/a-1.0-py3-none-any.whl", SHA256: strings.Repeat("0", 64)}}}
	if text := said(wheel.Check()); !strings.Contains(text, "Its sha256 is a placeholder") {
		t.Errorf("a wheel: %s", text)
	}
}

// TestIndexWantsALogin writes both lines that a user may write.
func TestIndexWantsALogin(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe, indextest.WithAuth("me", "secret"))
	getenv := func(name string) string {
		return map[string]string{"PIP_INDEX_URL": index.URL(), "NETRC": "/nowhere"}[name]
	}
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: getenv})
	_, err := b.Resolve(t.Context(), appSpec(t), nil)
	text := said(err)
	for _, want := range []string{"machine 127.0.0.1 login <user> password <password>", `UV_INDEX="acme=` + index.URL() + `"`, "UV_INDEX_ACME_PASSWORD"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s, want %q", text, want)
		}
	}
}

// TestMissingArgumentsOfObjects: what Terraform may have dropped is to be
// checked.
func TestMissingArgumentsOfObjects(t *testing.T) {
	t.Parallel()
	base := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}}
	for name, change := range map[string]func(*Spec){
		"python without requirements": func(s *Spec) { s.Python = &PythonSpec{ExcludeRuntimeSDK: true} },
		"groups without a lock file":  func(s *Spec) { s.Python = &PythonSpec{Requirements: []string{"a"}, Groups: []string{"x"}} },
		"a member without a lock":     func(s *Spec) { s.Python = &PythonSpec{Requirements: []string{"a"}, Package: "x"} },
		"files without a source":      func(s *Spec) { s.Files = []FileSpec{{Target: "python/x"}} },
		"a wheel without a source": func(s *Spec) {
			s.Python = &PythonSpec{Requirements: []string{"a"}, Wheels: []python.WheelSpec{{SHA256: strings.Repeat("1", 64)}}}
		},
		"an index without an address": func(s *Spec) {
			s.Python = &PythonSpec{Requirements: []string{"a"}, Indexes: []python.IndexSpec{{Packages: []string{"a"}}}}
		},
	} {
		spec := base
		change(&spec)
		if text := said(spec.Check()); !strings.Contains(strings.ToLower(text), strings.ToLower(fault.DroppedNames)) {
			t.Errorf("%s: %s", name, text)
		}
	}
}
