package wheel

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// The counts and digests are of the lists that packaging.tags of packaging 26.3
// yields for the same interpreters, one tag a line: cpython_tags, then
// compatible_tags.
func TestTagsFollowPackaging(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target Target
		count  int
		head   []string
		digest string
	}{
		{
			Target{Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 26}, 664,
			[]string{"cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_26_x86_64"},
			"332f48d666a5bc76ded75f7be935d5e55de1f17d967e78adf21226962678f758",
		},
		{
			Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}, 933,
			[]string{"cp312-cp312-linux_x86_64", "cp312-cp312-manylinux_2_34_x86_64"},
			"c5655695b64d35fb78d5911fca826d06e10c6b117f70679a5817ae22c373b790",
		},
		{
			Target{Runtime: "python3.13", Minor: 13, Arch: "aarch64", Glibc: 34}, 596,
			[]string{"cp313-cp313-linux_aarch64", "cp313-cp313-manylinux_2_34_aarch64"},
			"61b0d9208a629216c0f97752ea751262228cb8bb690b1e5ba40c91e090d3f6dd",
		},
		{
			Target{Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 17}, 439,
			[]string{"cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_17_x86_64"},
			"b50520c056479127e569c3ee2dd7832720a3054d03d7cad38f64b47b30458d41",
		},
	} {
		got := acceptedTags(t, c.target.Tags())
		if len(got) != c.count || !slices.Equal(got[:2], c.head) || got[len(got)-1] != "py30-none-any" {
			t.Errorf("%s accepts %d tags: %q … %q, want %d: %q … %q",
				c.target, len(got), got[:2], got[len(got)-1], c.count, c.head, "py30-none-any")
		}
		if digest := store.Sum([]byte(strings.Join(got, "\n"))).Hex(); digest != c.digest {
			t.Errorf("%s: tags have digest %s, want %s", c.target, digest, c.digest)
		}
	}
}

// acceptedTags asks for the rank of every tag there might be and returns those
// that fit, best first.
func acceptedTags(t *testing.T, tags *Tags) []string {
	type ranked struct {
		tag  string
		rank int
	}
	var found []ranked
	pythons, abis, platforms := possibleTags()
	for _, python := range pythons {
		for _, abi := range abis {
			for _, platform := range platforms {
				w := NameTags{Pythons: []string{python}, ABIs: []string{abi}, Platforms: []string{platform}}
				if rank, ok := tags.Rank(w); ok {
					found = append(found, ranked{python + "-" + abi + "-" + platform, rank})
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	var list []string
	for i, f := range found {
		if i > 0 && found[i-1].rank == f.rank {
			t.Errorf("tags %q and %q have the same rank", found[i-1].tag, f.tag)
		}
		list = append(list, f.tag)
	}
	return list
}

func possibleTags() (pythons, abis, platforms []string) {
	pythons = []string{"py2", "py3", "py27", "cp27", "cp3", "pp311", "py4"}
	abis = []string{"none", "abi3", "abi3t", "cp27mu", "pypy311_pp80"}
	for minor := range 20 {
		n := strconv.Itoa(minor)
		pythons = append(pythons, "py3"+n, "cp3"+n)
		abis = append(abis, "cp3"+n, "cp3"+n+"m", "cp3"+n+"t")
	}
	platforms = []string{"any", "win_amd64", "macosx_11_0_arm64"}
	for _, arch := range []string{"x86_64", "aarch64", "i686"} {
		platforms = append(platforms, "linux_"+arch, "manylinux1_"+arch, "manylinux2010_"+arch, "manylinux2014_"+arch, "musllinux_1_2_"+arch)
		for glibc := range 50 {
			platforms = append(platforms, "manylinux_2_"+strconv.Itoa(glibc)+"_"+arch)
		}
	}
	return pythons, abis, platforms
}

func TestTargetEnv(t *testing.T) {
	t.Parallel()
	got := Target{Runtime: "python3.12", Minor: 12, Patch: 7, Arch: "x86_64", Glibc: 34}.Env()
	if got.PythonVersion != "3.12" || got.PythonFullVersion != "3.12.7" || got.ImplementationVersion != "3.12.7" {
		t.Errorf("Env() has Python %q, %q, %q, want 3.12, 3.12.7, 3.12.7",
			got.PythonVersion, got.PythonFullVersion, got.ImplementationVersion)
	}
	if got.PlatformMachine != "x86_64" || got.SysPlatform != "linux" || got.OSName != "posix" {
		t.Errorf("Env() has platform %q, %q, %q, want x86_64, linux, posix", got.PlatformMachine, got.SysPlatform, got.OSName)
	}
}

func TestMisfit(t *testing.T) {
	t.Parallel()
	target := Target{Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 26}
	for tags, want := range map[string]string{
		"cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64":   "",
		"cp39-abi3-manylinux_2_26_x86_64":                          "",
		"py2.py3-none-any":                                         "",
		"cp311-cp311-linux_x86_64":                                 "",
		"cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64":  "needs glibc 2.27",
		"cp312-cp312-manylinux_2_28_x86_64":                        "is for CPython 3.12",
		"cp310-cp310-manylinux1_x86_64":                            "is for CPython 3.10",
		"cp312-abi3-manylinux2014_x86_64":                          "needs Python 3.12 or newer",
		"py312-none-any":                                           "needs Python 3.12 or newer",
		"cp313-cp313t-manylinux2014_x86_64":                        "is for free-threaded CPython 3.13",
		"cp311-cp311d-manylinux2014_x86_64":                        "is for the ABI cp311d",
		"py2-none-any":                                             "is for Python 2",
		"cp27-cp27mu-manylinux1_x86_64":                            "is for Python 2",
		"pp311-pypy311_pp80-manylinux2014_x86_64":                  "is for PyPy",
		"graalpy311-graalpy242_311_native-manylinux2014_x86_64":    "is for GraalPy",
		"glue-none-any":                                            "is for glue",
		"py38.py39-cp38-any":                                       "is for the ABI cp38",
		"cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64": "is for aarch64",
		"cp312-cp312-linux_armv7l":                                 "is for armv7l",
		"cp311-cp311-musllinux_1_2_x86_64":                         "is for musl",
		"cp311-cp311-macosx_11_0_arm64":                            "is for macOS",
		"cp311-cp311-win_amd64":                                    "is for Windows",
		"cp311-cp311-win32":                                        "is for Windows",
		"cp313-cp313-ios_13_0_arm64_iphoneos":                      "is for iOS",
		"cp313-cp313-android_24_x86_64":                            "is for Android",
		"cp313-cp313-pyemscripten_2025_0_wasm32":                   "is for Pyodide",
		"cp311-cp311-manylinux_2_4_x86_64":                         "is for manylinux_2_4_x86_64",
	} {
		w, err := ParseWheelName("demo-1.0-" + tags + ".whl")
		if err != nil {
			t.Errorf("ParseWheelName(%q): %v", tags, err)
			continue
		}
		if got := target.Misfit(w).String(); got != want {
			t.Errorf("Misfit(%q) = %q, want %q", tags, got, want)
		}
	}
}

// TestTargetsAdmitRanges holds what uv 0.13.9 says to --python-version 3.9 and the like;
// it takes upper bounds for no bounds, which is left to others here.
func TestTargetsAdmitRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text         string
		minor, patch int
		want         bool
	}{
		{"!=3.9.0,!=3.9.1,>=3.8", 9, 0, true}, // of cryptography
		{"!=3.9.0,!=3.9.1,>=3.8", 9, 1, false},
		{"!=3.9.0,!=3.9.1,>=3.8", 7, 0, false},
		{">=3.11.4", 11, 0, false},
		{"!=3.11.0,>=3.11", 11, 0, false},
		{"!=3.10.*,!=3.11.0,>=3.9", 11, 0, true},
		{">=3.11.0,!=3.11.0,<3.11.1", 11, 0, false},
		{">=3.11.4", 11, 3, false},
		{"~=3.12.2", 12, 0, false},
		{"~=3.12.2", 13, 0, false},
		{">3.12", 12, 0, false},
		{"!=3.12.*", 12, 0, false},
		{"<3.12", 12, 0, false},
		{">=3.13", 12, 0, false},
		{"", 12, 0, true},
	} {
		spec, err := pep440.ParseSpecifiers(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Target{Minor: c.minor, Patch: c.patch}).Admits(spec); got != c.want {
			t.Errorf("%q on 3.%d.%d: got %t, want %t", c.text, c.minor, c.patch, got, c.want)
		}
	}
}
