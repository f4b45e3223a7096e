package resolve

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		universe  string
		require   []string
		constrain []string
		change    func(*Spec)
		want      []string
		wantNotes []string
		wantErr   string // the whole text
	}{{
		name: "newest of all that is needed",
		universe: `
a 1.0
a 2.0
  requires: b>=1, c; python_version < "3.9"
b 1.0
b 1.5
c 1.0
`,
		require: []string{"a"},
		want:    []string{"a==2.0", "b==1.5"},
	}, {
		name: "backtracking over two packages",
		universe: `
a 1.0
  requires: shared<2
a 2.0
  requires: shared>=2
b 1.0
  requires: shared<2
shared 1.0
shared 2.0
`,
		require: []string{"a", "b"},
		want:    []string{"a==1.0", "b==1.0", "shared==1.0"},
	}, {
		name: "an extra that is asked for after its project was chosen",
		universe: `
a 1.0
  extra: x: c
a 2.0
  extra: x: c>=2
b 1.0
  requires: a[x]
c 1.0
c 2.0
`,
		require: []string{"a", "b"},
		want:    []string{"a==2.0", "b==1.0", "c==2.0"},
	}, {
		name: "an extra decides the version of its project",
		universe: `
a 1.0
  extra: x: c<2
a 2.0
  extra: x: c>=3
c 1.0
c 2.0
`,
		require: []string{"a[x]"},
		want:    []string{"a==1.0", "c==1.0"},
	}, {
		name: "extras of extras, and of the project itself",
		universe: `
a 1.0
  extra: all: a[x,y]
  extra: x: c
  extra: y: d; python_version >= "3"
  extra: z: e
c 1.0
d 1.0
e 1.0
`,
		require: []string{"a[all]"},
		want:    []string{"a==1.0", "c==1.0", "d==1.0"},
	}, {
		name: "two requirements of one parent on one package",
		universe: `
a 1.0
  requires: b<3, b>=1, b!=2.5
b 1.0
b 2.0
b 2.5
b 3.0
`,
		require: []string{"a"},
		want:    []string{"a==1.0", "b==2.0"},
	}, {
		name: "a package that needs another version of itself",
		universe: `
a 1.0
a 2.0
  requires: a<2
`,
		require: []string{"a"},
		want:    []string{"a==1.0"},
	}, {
		name: "a circle",
		universe: `
a 1.0
  requires: b
b 1.0
  requires: a<=1.0
`,
		require: []string{"a"},
		want:    []string{"a==1.0", "b==1.0"},
	}, {
		name:      "a constraint limits and does not ask",
		universe:  "a 1.0\n  requires: b\nb 1.0\nb 2.0\nc 1.0\n",
		require:   []string{"a"},
		constrain: []string{"b<2", "c", "b<1; python_version < \"3\""},
		want:      []string{"a==1.0", "b==1.0"},
	}, {
		name:     "markers of direct requirements",
		universe: "a 1.0\nb 1.0\n",
		require:  []string{"a; sys_platform == 'linux'", "b; sys_platform == 'win32'"},
		want:     []string{"a==1.0"},
	}, {
		name:     "yanked versions are passed over",
		universe: "a 1.0\na 2.0\n  yanked: broken\n",
		require:  []string{"a"},
		want:     []string{"a==1.0"},
	}, {
		name:      "an exact pin takes a yanked version",
		universe:  "a 1.0\na 2.0\n  yanked: broken\n",
		require:   []string{"a==2.0"},
		want:      []string{"a==2.0"},
		wantNotes: []string{`a 2.0 was yanked by its authors: "broken"`},
	}, {
		name:      "so does an exact constraint",
		universe:  "a 1.0\na 2.0\n  yanked: broken\n",
		require:   []string{"a"},
		constrain: []string{"a==2.0"},
		want:      []string{"a==2.0"},
		wantNotes: []string{`a 2.0 was yanked by its authors: "broken"`},
	}, {
		name:      "an extra that does not exist",
		universe:  "a 1.0\n  extra: x: b\nb 1.0\n",
		require:   []string{"a[x,z]"},
		want:      []string{"a==1.0", "b==1.0"},
		wantNotes: []string{`a 1.0 has no extra "z"`},
	}, {
		name:     "an exact pin by a wheel does not",
		universe: "a 1.0\na 2.0\n  yanked: broken\nb 1.0\n  requires: a==1.0\nb 2.0\n  requires: a==2.0\n",
		require:  []string{"b"},
		want:     []string{"a==1.0", "b==1.0"},
	}, {
		name:     "stable versions before pre-releases",
		universe: "a 1.0\na 2.0rc1\nb 1.0b1\nb 1.0b2\n",
		require:  []string{"a", "b"},
		want:     []string{"a==1.0", "b==1.0b2"},
	}, {
		name:     "a pre-release where nothing else fits",
		universe: "a 1.0\na 2.0rc1\n",
		require:  []string{"a>=2.0rc0"},
		want:     []string{"a==2.0rc1"},
	}, {
		name:     "pre-releases as any other",
		universe: "a 1.0\na 2.0rc1\n",
		require:  []string{"a"},
		change:   func(s *Spec) { s.Prereleases = true },
		want:     []string{"a==2.0rc1"},
	}, {
		name:      "Requires-Python",
		universe:  "a 1.0\n  python: >=3.7\na 2.0\n  python: >=3.14\n",
		require:   []string{"a"},
		want:      []string{"a==1.0"},
		wantNotes: []string{"a 1.0 is used on python3.12 x86_64, 1 release behind 2.0: it requires Python >=3.14; python3.14 would take 2.0"},
	}, {
		name:     "Requires-Python that leaves out patch versions",
		universe: "a 1.0\na 2.0\n  python: !=3.12.0,!=3.12.1,>=3.8\nb 1.0\nb 2.0\n  python: >=3.12,!=3.12.0\nc 1.0\nc 2.0\n  python: >=3.12.4\n",
		require:  []string{"a", "b==2.0", "c==2.0"},
		want:     []string{"a==2.0", "b==2.0", "c==2.0"},
	}, {
		name: "the best wheel",
		universe: `
a 1.0
  wheel: py3-none-any
  wheel: cp312-cp312-manylinux_2_17_x86_64
  wheel: 2-cp312-cp312-manylinux_2_28_x86_64
  wheel: 10-cp312-cp312-manylinux_2_28_x86_64
  wheel: cp312-cp312-manylinux_2_39_x86_64
  wheel: cp312-cp312-macosx_11_0_arm64
`,
		require: []string{"a"},
		want:    []string{"a==1.0 10-cp312-cp312-manylinux_2_28_x86_64"},
	}, {
		name: "held back by the runtime",
		universe: `
a 1.0
  wheel: cp311-cp311-manylinux_2_17_x86_64
a 2.0
  wheel: cp311-cp311-manylinux_2_28_x86_64
  wheel: cp311-cp311-win_amd64
a 3.0
  sdist
`,
		require:   []string{"a"},
		change:    func(s *Spec) { s.Targets = []wheel.Target{pythontest.Py311} },
		want:      []string{"a==1.0 cp311-cp311-manylinux_2_17_x86_64"},
		wantNotes: []string{"a 1.0 is used on python3.11 x86_64, 2 releases behind 3.0: it has only a source distribution, and nothing is built from source"},
	}, {
		name: "held back by glibc, and the runtime that would not",
		universe: `
a 1.0
  wheel: cp311-cp311-manylinux_2_17_x86_64
a 1.1
  wheel: cp311-cp311-manylinux_2_28_x86_64
a 2.0
  wheel: cp311-cp311-manylinux_2_28_x86_64
  wheel: cp312-cp312-manylinux_2_28_x86_64
`,
		require:   []string{"a"},
		change:    func(s *Spec) { s.Targets = []wheel.Target{pythontest.Py311} },
		want:      []string{"a==1.0 cp311-cp311-manylinux_2_17_x86_64"},
		wantNotes: []string{"a 1.0 is used on python3.11 x86_64, 2 releases behind 2.0: it needs glibc 2.28 (manylinux_2_28), and python3.11 is Amazon Linux 2 with glibc 2.26; python3.12 would take 2.0"},
	}, {
		name:     "prefer what was locked",
		universe: "a 1.0\n  requires: b\na 2.0\n  requires: b\nb 1.0\nb 2.0\n",
		require:  []string{"a"},
		change:   func(s *Spec) { s.Prefer = map[string]string{"a": "1.0", "B": "1.0.0"} },
		want:     []string{"a==1.0", "b==1.0"},
	}, {
		name:     "what was locked and fits no more",
		universe: "a 1.0\na 2.0\n",
		require:  []string{"a>1"},
		change:   func(s *Spec) { s.Prefer = map[string]string{"a": "1.0"} },
		want:     []string{"a==2.0"},
	}, {
		name:     "a cut-off",
		universe: "a 1.0\na 2.0\n  uploaded: 2024-03-01T00:00:00Z\na 3.0\n  uploaded: unknown\n",
		require:  []string{"a"},
		change:   func(s *Spec) { s.ExcludeNewer = pythontest.Day(3, 1) },
		want:     []string{"a==1.0"},
	}, {
		name:     "a cut-off that shows the second before",
		universe: "a 1.0\na 2.0\n  uploaded: 2024-02-29T23:59:59.999Z\n",
		require:  []string{"a"},
		change:   func(s *Spec) { s.ExcludeNewer = pythontest.Day(3, 1) },
		want:     []string{"a==2.0"},
	}, {
		name:     "pins that are exempt from the cut-off, and what they pin",
		universe: "a 1.0\na 2.0\n  uploaded: 2024-03-01T00:00:00Z\n  requires: b==2.0, c\nb 1.0\nb 2.0\n  uploaded: 2024-03-01T00:00:00Z\nc 1.0\nc 2.0\n  uploaded: 2024-03-01T00:00:00Z\n",
		require:  []string{"a==2.0"},
		change:   func(s *Spec) { s.ExcludeNewer, s.PinsExempt = pythontest.Day(3, 1), true },
		want:     []string{"a==2.0", "b==2.0", "c==1.0"},
	}, {
		name:      "pins of a constraint that are exempt too",
		universe:  "a 1.0\na 2.0\n  uploaded: 2024-03-01T00:00:00Z\n  requires: b==2.0\nb 1.0\nb 2.0\n  uploaded: 2024-03-01T00:00:00Z\n",
		require:   []string{"a==2.0"},
		constrain: []string{"a==2.0", "unneeded==1.0"},
		change:    func(s *Spec) { s.ExcludeNewer, s.PinsExempt = pythontest.Day(3, 1), true },
		want:      []string{"a==2.0", "b==2.0"},
	}, {
		name:     "a locked version that is exempt from the cut-off",
		universe: "a 1.0\na 2.0\n  uploaded: 2024-03-01T00:00:00Z\na 3.0\n  uploaded: 2024-03-02T00:00:00Z\n",
		require:  []string{"a"},
		change: func(s *Spec) {
			s.ExcludeNewer, s.PinsExempt, s.Prefer = pythontest.Day(3, 1), true, map[string]string{"a": "2.0"}
		},
		want: []string{"a==2.0"},
	}, {
		name:     "an explicit cut-off exempts nothing",
		universe: "a 1.0\na 2.0\n  uploaded: 2024-03-01T00:00:00Z\n",
		require:  []string{"a==2.0"},
		change:   func(s *Spec) { s.ExcludeNewer = pythontest.Day(3, 1) },
		wantErr: `no version of "a" fits "a==2.0": 2.0 was released at 2024-03-01T00:00:00Z, and only what is older than 2024-03-01T00:00:00Z is used. ` +
			`It is asked for in req:1 ("a==2.0").`,
	}, {
		name: "a conflict of two requirements",
		universe: `
boto3 1.33.0
  requires: botocore>=1.33.0,<1.34.0
botocore 1.33.0
botocore 1.34.0
`,
		require: []string{"boto3==1.33.0", "botocore==1.34.0"},
		wantErr: "no set of versions satisfies all requirements on python3.12 x86_64; these cannot hold together:\n" +
			"  - req:1 asks for boto3==1.33.0\n" +
			"  - req:2 asks for botocore==1.34.0\n" +
			"  - boto3 1.33.0 needs botocore>=1.33.0,<1.34.0",
	}, {
		name:      "a conflict with a constraint",
		universe:  "a 1.0\n  requires: b>=2\na 2.0\n  requires: b>=2\na 3.0\n  requires: b>=3\nb 1.0\nb 2.0\nb 3.0\n",
		require:   []string{"a"},
		constrain: []string{"b<2"},
		wantErr: "no set of versions satisfies all requirements on python3.12 x86_64; these cannot hold together:\n" +
			"  - req:1 asks for a\n" +
			"  - a 3.0 needs b>=3\n" +
			"  - a 1.0 to 2.0 needs b>=2\n" +
			"  - limits:1 limits b<2",
	}, {
		name: "a conflict of many versions is summed up",
		universe: `
a 1.0
  requires: b==1
a 2.0
  requires: b==2
a 3.0
  requires: b==3
a 4.0
  requires: b==4, c
a 5.0
  requires: b==5
a 6.0
  requires: missing<3
a 7.0
  requires: missing
a 8.0
  requires: b==8
a 9.0
  requires: b @@ nonsense
b 1
b 2
b 3
b 4
b 5
b 8
b 9
c 1
`,
		require: []string{"a", "b>=9"},
		wantErr: "no set of versions satisfies all requirements on python3.12 x86_64; these cannot hold together:\n" +
			"  - req:1 asks for a\n" +
			"  - req:2 asks for b>=9\n" +
			"  - a 9.0 cannot be used: its metadata is not valid: METADATA: parsing \"Requires-Dist: b @@ nonsense\": expected a semicolon or the end, at \"nonsense\"\n" +
			"  - a 1.0 to 5.0, 8.0 needs b 1 to 8 (6 different ranges)\n" +
			"  - a 6.0 to 7.0 needs versions of missing that no index has or that do not run there",
	}, {
		name: "glibc too new",
		universe: `
numpy 2.2.6
  wheel: cp311-cp311-manylinux_2_17_x86_64
numpy 2.3.0
  wheel: cp311-cp311-manylinux_2_28_x86_64
  wheel: cp312-cp312-manylinux_2_28_x86_64
  wheel: cp311-cp311-macosx_11_0_arm64
`,
		require: []string{"numpy==2.3.0"},
		change:  func(s *Spec) { s.Targets = []wheel.Target{pythontest.Py311} },
		wantErr: `no wheel of "numpy" 2.3.0 runs on python3.11 x86_64: it needs glibc 2.28 (manylinux_2_28), and python3.11 is Amazon Linux 2 with glibc 2.26. ` +
			`It is asked for in req:1 ("numpy==2.3.0"). Pin numpy below 2.3, or use runtime python3.12.`,
	}, {
		name:     "source distribution only, through a dependency",
		universe: "airflow 2.0\n  requires: nvd3>=0.15\nnvd3 0.15\n  sdist\nnvd3 0.16\n  sdist\n",
		require:  []string{"airflow"},
		wantErr: `no wheel of "nvd3" 0.16 runs on python3.12 x86_64: it has only a source distribution, and nothing is built from source. ` +
			`It is needed by airflow 2.0 ("nvd3>=0.15"), which is asked for in req:1 ("airflow"). ` +
			`Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make the wheel once by "pip wheel --no-deps nvd3==0.16", on Linux and on the layer's architecture if it holds native code, and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }].`,
	}, {
		name:     "another machine",
		universe: "a 1.0\n  wheel: cp313-cp313-manylinux_2_17_x86_64\n  wheel: cp313-cp313-win_amd64\n",
		require:  []string{"a"},
		change:   func(s *Spec) { s.Targets = []wheel.Target{pythontest.Arm313} },
		wantErr: `no wheel of "a" 1.0 runs on python3.13 aarch64: its wheels are for Windows and x86_64. ` +
			`It is asked for in req:1 ("a"). Use another distribution, or build a wheel of it elsewhere and give that in python.wheels.`,
	}, {
		name:     "other Pythons",
		universe: "a 1.0\n  wheel: cp39-cp39-linux_x86_64\n  wheel: cp310-cp310-linux_x86_64\n  wheel: cp38-cp38-win32\na 2.0\n  wheel: cp312-cp312-linux_x86_64\n",
		require:  []string{"a<2"},
		wantErr: `no wheel of "a" 1.0 runs on python3.12 x86_64: its wheels are for CPython 3.9 and 3.10. ` +
			`It is asked for in req:1 ("a<2"). Allow a 2.0 or newer.`,
	}, {
		name:     "missing",
		universe: "a 1.0\n  requires: nowhere\n",
		require:  []string{"a"},
		wantErr:  `there is no distribution "nowhere": not on INDEX. It is needed by a 1.0 ("nowhere"), which is asked for in req:1 ("a"). If it is misspelt, correct it. If it is private, name its index: index = [{ url = "https://…/simple/", packages = ["nowhere"] }].`,
	}, {
		name:     "a version that does not exist",
		universe: "a 1.0\na 1.1\na 1.2\na 1.3\na 1.5\na 1.6\na 1.7\n",
		require:  []string{"a==1.4"},
		wantErr:  `no version of "a" fits "a==1.4": versions near it are 1.2, 1.3, 1.5, 1.6. It is asked for in req:1 ("a==1.4").`,
	}, {
		name:     "only a yanked version",
		universe: "a 1.0\na 2.0\n  yanked: broken\n",
		require:  []string{"a>=2"},
		wantErr:  `no version of "a" fits "a>=2": 2.0 was yanked by its authors; only an exact pin such as ==2.0 selects it. It is asked for in req:1 ("a>=2").`,
	}, {
		name:     "a hash that no index tells",
		universe: "a 1.0\na 0.9\n",
		require:  []string{"a --hash=sha512:" + strings.Repeat("0", 128) + " --hash=sha384:" + strings.Repeat("0", 96)},
		wantErr:  `req:1 gives a hash of "a" by sha512, but indexes give only SHA-256 hashes, so the file cannot be checked before it is fetched. Write a SHA-256 beside it, such as that of "pip hash" or of "uv pip compile --generate-hashes". The index says --hash=sha256:2be77b7662a57ecc8e832f2ce45e3f0e2df664d9d577f8605f73b8a019c96779 for a-1.0-py3-none-any.whl for a 1.0`,
	}, {
		name:     "no file with the hash",
		universe: "a 1.0\n",
		require:  []string{"a==1.0 --hash=sha256:" + strings.Repeat("0", 64)},
		wantErr:  `req:1 gives sha256:0000000000000000000000000000000000000000000000000000000000000000 for "a", which no wheel of a 1.0 for python3.12 x86_64 has. On the index a-1.0-py3-none-any.whl has --hash=sha256:2be77b7662a57ecc8e832f2ce45e3f0e2df664d9d577f8605f73b8a019c96779: if that is the file that you trust, write its hash`,
	}, {
		name:     "invalid metadata sets a version aside",
		universe: "a 1.0\na 2.0\n  requires: b @@ nonsense\n",
		require:  []string{"a"},
		want:     []string{"a==1.0"},
	}, {
		name:     "a dependency at an address sets a version aside",
		universe: "a 1.0\na 2.0\n  requires: b @ https://example.com/b-1.0-py3-none-any.whl\n",
		require:  []string{"a"},
		want:     []string{"a==1.0"},
	}, {
		name:     "a direct requirement at an address",
		universe: "a 1.0\n",
		require:  []string{"b @ https://example.com/b-1.0-py3-none-any.whl"},
		wantErr:  `req:1 asks for "b" at an address: write versions instead`,
	}, {
		name:     "legacy names and versions are passed over",
		universe: "a 1.0\na 2-beta-x\n",
		require:  []string{"a"},
		want:     []string{"a==1.0"},
	}, {
		name:     "one version in two spellings",
		universe: "a 1.0\n  wheel: py3-none-any\na 1.0.0\n  wheel: cp312-cp312-linux_x86_64\n",
		require:  []string{"a==1"},
		want:     []string{"a==1.0.0 cp312-cp312-linux_x86_64"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, c.universe)
			client, st := pythontest.Client(t, nil)
			s := Spec{
				Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}},
				Requirements: pythontest.Inputs(t, "req", c.require...), Constraints: pythontest.Inputs(t, "limits", c.constrain...),
			}
			if c.change != nil {
				c.change(&s)
			}
			lock, err := Resolve(t.Context(), client, s)
			if err != nil {
				if got, want := err.Error(), strings.ReplaceAll(c.wantErr, "INDEX", idx.URL()); got != want {
					t.Errorf("Resolve() = error\n%s\nwant\n%s", got, want)
				}
				return
			}
			if c.wantErr != "" {
				t.Fatalf("Resolve() = %q, want the error %q", pythontest.Pins(lock), c.wantErr)
			}
			if got := pythontest.Pins(lock); !slices.Equal(got, c.want) {
				t.Errorf("Resolve() = %q, want %q", got, c.want)
			}
			if !slices.Equal(lock.Notes, c.wantNotes) {
				t.Errorf("Resolve() notes %q, want %q", lock.Notes, c.wantNotes)
			}
		})
	}
}

func TestResolveHonoursCancel(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n", indextest.WithDelay(time.Hour))
	client, _ := pythontest.Client(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Resolve(ctx, client, Spec{
		Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"), Indexes: []index.Index{{URL: idx.URL()}},
	})
	if err == nil || !strings.Contains(err.Error(), "context deadline exceeded") {
		t.Errorf("Resolve() = %v, want the context's error", err)
	}
}
