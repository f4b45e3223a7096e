package lockfile

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// The digests of "a wheel\n" and of "another\n".
const (
	sumOfWheel   = "c8d27a58c983d63f54eb1a984251ffd58f5c3e993f28582340275e5b1a26a2c0"
	sumOfAnother = "33a7b215065f2ee8635efb72620bc269a1efb889ba3026560334da7366742374"
)

const wheelOnDisk = "-- wheels/a-1.0-py3-none-any.whl --\na wheel\n"

// diskLocks are the ways of the formats to lock a wheel on disk; HASH is its
// digest. Where the lock file has it by another one, FAULT tells so.
var diskLocks = []struct{ name, file, text string }{
	{
		"uv, by its path", "uv.lock",
		uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { path = \"wheels/a-1.0-py3-none-any.whl\" }\n" +
			"wheels = [{ filename = \"a-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n",
	},
	{
		"uv, of a folder with wheels", "uv.lock",
		uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"wheels\" }\n" +
			"wheels = [{ path = \"a-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n",
	},
	{
		"Poetry", "poetry.lock",
		"[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [{ file = \"a-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n" +
			"[package.source]\ntype = \"file\"\nurl = \"wheels/a-1.0-py3-none-any.whl\"\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n",
	},
	{
		"Pipenv", "Pipfile.lock",
		`{"_meta": {"pipfile-spec": 6}, "default": {"a": {"path": "./wheels/a-1.0-py3-none-any.whl", "hashes": ["sha256:HASH"]}}}` + "\n",
	},
	{
		"Pipenv, by several hashes", "Pipfile.lock",
		`{"_meta": {"pipfile-spec": 6}, "default": {"a": {"file": "wheels/a-1.0-py3-none-any.whl", "hashes": ["sha256:` + strings.Repeat("12", 32) + `", "sha256:HASH"]}}}` + "\n",
	},
	{
		"PEP 751, an archive", "pylock.toml",
		"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[packages.archive]\npath = \"wheels/a-1.0-py3-none-any.whl\"\n[packages.archive.hashes]\nsha256 = \"HASH\"\n",
	},
	{
		"PEP 751, a wheel", "pylock.toml",
		"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n[[packages.wheels]]\npath = \"wheels/a-1.0-py3-none-any.whl\"\nhashes = { sha256 = \"HASH\" }\n",
	},
}

func TestLockedWheelsOnDisk(t *testing.T) {
	t.Parallel()
	for _, c := range diskLocks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := unpack(t, "-- "+c.file+" --\n"+strings.ReplaceAll(c.text, "HASH", sumOfWheel)+wheelOnDisk)
			f, err := ReadLockFile(t.Context(), filepath.Join(dir, c.file), Options{}, []wheel.Target{pythontest.Py312})
			if err != nil {
				t.Fatal(err)
			}
			want := wheel.Wheel{
				Name: "a", Version: "1.0", Filename: "a-1.0-py3-none-any.whl", Path: filepath.ToSlash(dir) + "/wheels/a-1.0-py3-none-any.whl", Size: 8, Pure: true,
			}
			if len(f.Wheels) != 1 || len(f.Pins) != 0 {
				t.Fatalf("got the wheels %+v and pins %+v, want one wheel", f.Wheels, f.Pins)
			}
			got := f.Wheels[0]
			if got.SHA256.Hex() != sumOfWheel || !slices.Equal(got.Targets, []string{"python3.12 x86_64"}) {
				t.Errorf("its digest is %s and it is for %v", got.SHA256, got.Targets)
			}
			got.SHA256, got.Targets = store.Digest{}, nil
			if got.Name != want.Name || got.Version != want.Version || got.Filename != want.Filename || got.Path != want.Path || got.Size != want.Size || !got.Pure || got.URL != "" {
				t.Errorf("got %+v\nwant %+v", got, want)
			}

			dir = unpack(t, "-- "+c.file+" --\n"+strings.ReplaceAll(c.text, "HASH", sumOfAnother)+wheelOnDisk)
			_, err = ReadLockFile(t.Context(), filepath.Join(dir, c.file), Options{}, []wheel.Target{pythontest.Py312})
			fault, ok := errors.AsType[*Error](err)
			if !ok || !strings.HasPrefix(fault.Entry, "a") || !strings.Contains(fault.Reason, "has the SHA-256 sha256:"+sumOfWheel) && !strings.Contains(fault.Reason, "has the SHA-256 "+sumOfWheel) {
				t.Errorf("with another hash: %v, want a fault of the entry a with both digests", err)
			}
		})
	}
}

func TestLockedWheelsOnDiskThatNobodyElseHas(t *testing.T) {
	t.Parallel()
	uv := uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\n"
	testLockCases(t, []lockCase{{
		name: "a folder of uv, which has no hashes", file: "uv.lock",
		text: "-- uv.lock --\n" + uv + "source = { registry = \"wheels\" }\nwheels = [{ path = \"a-1.0-py3-none-any.whl\" }]\n" + wheelOnDisk,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "a folder at an absolute path", file: "uv.lock",
		text:    "-- uv.lock --\n" + uv + "source = { registry = \"/wheels\" }\nwheels = [{ path = \"a-1.0-py3-none-any.whl\" }]\n",
		wantErr: `reading lock file "uv.lock": a 1.0: the wheel "/wheels/a-1.0-py3-none-any.whl" lies at an absolute path, so that no other machine would find it: lock it by a relative path, or give it in python.wheels`,
	}, {
		name: "the address of a file", file: "pylock.toml",
		text:    "-- pylock.toml --\nlock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[packages.archive]\nurl = \"file:///wheels/a-1.0-py3-none-any.whl\"\n[packages.archive.hashes]\nsha256 = \"" + sumOfWheel + "\"\n",
		wantErr: `reading lock file "pylock.toml": a: the wheel "/wheels/a-1.0-py3-none-any.whl" lies at an absolute path, so that no other machine would find it: lock it by a relative path, or give it in python.wheels`,
	}, {
		name: "a source distribution", file: "uv.lock",
		text: "-- uv.lock --\n" + uv + "source = { path = \"a-1.0.tar.gz\" }\nsdist = { hash = \"sha256:" + sumOfWheel + "\" }\n",
		wantErr: `no wheel of "a" 1.0 runs on python3.12 x86_64: the lock file holds only a source distribution of it, and nothing is built from source. ` +
			`The lock file uv.lock asks for it. Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make the wheel once by "pip wheel --no-deps a-1.0.tar.gz" and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }]. Or leave it out by python.exclude = ["a"], if nothing imports it.`,
	}, {
		name: "no wheel by its name", file: "Pipfile.lock",
		text: "-- Pipfile.lock --\n" + `{"_meta": {"pipfile-spec": 6}, "default": {"a": {"file": "https://u:secret@example.com/a-1.0.tar.gz", "hashes": ["sha256:` + sumOfWheel + `"]}}}` + "\n",
		wantErr: `no wheel of "a" runs on python3.12 x86_64: the lock file holds only a source distribution of it, and nothing is built from source. ` +
			`The lock file Pipfile.lock asks for it. Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make the wheel once by "pip wheel --no-deps https://(hidden)@example.com/a-1.0.tar.gz" and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }]. Or leave it out by python.exclude = ["a"], if nothing imports it.`,
	}, {
		name: "an archive of a repository", file: "poetry.lock", options: Options{Sdists: true},
		text: "-- poetry.lock --\n[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [{ file = \"v1.0.zip\", hash = \"sha256:" + sumOfWheel + "\" }]\n" +
			"[package.source]\ntype = \"url\"\nurl = \"https://example.com/v1.0.zip\"\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n",
		wantErr: `no wheel of "a" 1.0 runs on python3.12 x86_64: the lock file holds only "v1.0.zip" of it, and a wheel is made only of a file that is named as source distributions are, a-<version>.tar.gz. ` +
			`The lock file poetry.lock asks for it. Make the wheel once by "pip wheel --no-deps https://example.com/v1.0.zip" and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }]. Or leave it out by python.exclude = ["a"], if nothing imports it.`,
	}})
}

// TestGivenWheelsStandInForLockedOnes gives a wheel for packages that have none
// in the lock file.
func TestGivenWheelsStandInForLockedOnes(t *testing.T) {
	t.Parallel()
	digest, err := store.ParseDigest(sumOfWheel)
	if err != nil {
		t.Fatal(err)
	}
	give := func(filename string) Options {
		return Options{Given: []wheel.GivenWheel{{Path: "given/" + filename, SHA256: digest, Source: "python.wheels[0]"}}}
	}
	uv := "-- uv.lock --\n" + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\n"
	fits := []string{"a-1.0-py3-none-any.whl python3.12 x86_64"}
	testLockCases(t, []lockCase{
		{name: "git", file: "uv.lock", text: uv + "source = { git = \"https://example.com/a#0123\" }\n", options: give("a-1.0-py3-none-any.whl"), want: fits},
		{name: "a source distribution", file: "uv.lock", text: uv + "source = { url = \"https://example.com/a-1.0.tar.gz\" }\nsdist = { hash = \"sha256:" + sumOfWheel + "\" }\n", options: give("a-1.0-py3-none-any.whl"), want: fits},
		{name: "a folder", file: "uv.lock", text: uv + "source = { directory = \"libs/a\" }\n", options: give("a-1.0-py3-none-any.whl"), want: fits},
		{name: "a checkout without version", file: "Pipfile.lock", text: "-- Pipfile.lock --\n" + `{"_meta": {"pipfile-spec": 6}, "default": {"a": {"git": "https://example.com/a", "ref": "0123"}}}` + "\n", options: give("a-1.0-py3-none-any.whl"), want: fits},
		{
			name: "a checkout of PEP 751", file: "pylock.toml", options: give("a-1.0-py3-none-any.whl"), want: fits,
			text: "-- pylock.toml --\nlock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[packages.vcs]\ntype = \"git\"\nurl = \"https://example.com/a\"\ncommit-id = \"0123\"\n",
		},
		{
			name: "a checkout of Poetry", file: "poetry.lock", options: give("a-1.0-py3-none-any.whl"), want: fits,
			text: "-- poetry.lock --\n[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = []\n[package.source]\ntype = \"git\"\nurl = \"https://example.com/a\"\nresolved_reference = \"0123\"\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n",
		},
		{
			name: "another version", file: "uv.lock", text: uv + "source = { git = \"https://example.com/a#0123\" }\n", options: give("a-2.0-py3-none-any.whl"),
			wantErr: `reading lock file "uv.lock": a 1.0: it comes from the git repository https://example.com/a at "0123", and nothing is built from source: build its wheel elsewhere and give that in python.wheels, or require a release that has a wheel`,
		},
		{
			name: "one that nothing asks for", file: "uv.lock", options: give("b-1.0-py3-none-any.whl"),
			text: "-- uv.lock --\n" + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + uvWheel("a", "1.0", ""),
			want: append(slices.Clone(fits), `python.wheels[0] gives "b-1.0-py3-none-any.whl", which nothing asks for`),
		},
		{
			name: "another runtime", file: "uv.lock", targets: []wheel.Target{pythontest.Py311, pythontest.Py312}, options: give("a-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"),
			text: "-- uv.lock --\n" + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + uvWheel("a", "1.0", ""),
			want: []string{"a-1.0-cp312-cp312-manylinux_2_28_x86_64.whl python3.12 x86_64", "a-1.0-py3-none-any.whl python3.11 x86_64"},
		},
	})
}

// TestLocateChecksAnAddressAgainstSeveralDigests reads what Pipenv writes for
// the address of a wheel: the digests of all files of the version.
func TestLocateChecksAnAddressAgainstSeveralDigests(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n")
	client, _ := pythontest.Client(t, nil)
	const filename = "a-1.0-py3-none-any.whl"
	_, sum := idx.Wheel(filename)
	locate := func(digest string) (*wheel.Lock, error) {
		text := `{"_meta": {"pipfile-spec": 6}, "default": {"a": {"file": "` + idx.FileURL(filename) + `", "hashes": ["sha256:` + sumOfAnother + `", "sha256:` + digest + `"]}}}`
		f, err := readLockText(t, "Pipfile.lock", text, Options{}, pythontest.Py312)
		if err != nil {
			t.Fatal(err)
		}
		return f.Locate(t.Context(), client, []index.Index{{URL: idx.URL()}}, []wheel.Target{pythontest.Py312})
	}
	lock, err := locate(sum)
	if err != nil {
		t.Fatal(err)
	}
	if len(lock.Wheels) != 1 || lock.Wheels[0].SHA256.Hex() != sum || lock.Wheels[0].URL != idx.FileURL(filename) || lock.Wheels[0].Version != "1.0" {
		t.Errorf("Locate = %+v, want the wheel with sha256 %s", lock.Wheels, sum)
	}
	_, err = locate(sumOfWheel)
	fault, ok := errors.AsType[*Error](err)
	if !ok || fault.Entry != "a" || !strings.Contains(fault.Reason, sum) {
		t.Errorf("Locate of a file with another digest = %v, want a *Error that names a", err)
	}
}
