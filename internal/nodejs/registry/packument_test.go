package registry

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// document is as registries send it, but for its blanks.
const document = `{
	"_id": "a", "name": "a",
	"dist-tags": {"latest": "1.1.0", "next": "2.0.0-rc.1", "old": 3},
	"versions": {
		"1.0.0": {"name": "a", "version": "1.0.0", "readme": "}\"{\\", "dependencies": {"c": "1", "b": "2"}, "license": [{"type": "x"}],
			"dist": {"tarball": "https://h/a-1.0.0.tgz", "shasum": "ff", "signatures": [{"sig": "x"}]}, "scripts": {"install": "x", "test": "y"}},
		"1.1.0": {"name": "a", "version": "1.1.0", "engines": {"node": ">=18", "npm": "1"}, "devDependencies": {"z": "1"},
			"deprecated": "", "dist": {"tarball": "https://h/a-1.1.0.tgz", "integrity": "sha512-x"}},
		"1.2.0": {"name": "a", "version": "1.2.0", "deprecated": "broken\n", "engines": ["node"], "os": "linux"},
		"2.0.0-rc.1": {"name": "a", "version": "2.0.0-rc.1", "_hasShrinkwrap": true},
		"bad": null
	},
	"time": {"created": "2020-01-01T00:00:00.000Z", "1.0.0": "2020-01-02T03:04:05.678Z", "1.1.0": "2021-01-01T00:00:00+01:00", "1.2.0": 7},
	"readme": "# a"
}`

func TestReadPackument(t *testing.T) {
	t.Parallel()
	p, err := ReadPackument([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"latest": "1.1.0", "next": "2.0.0-rc.1"}; p.Name != "a" || !reflect.DeepEqual(p.DistTags, want) || !p.Timed {
		t.Errorf("the document is of %q with tags %v (timed %t), want %q with %v", p.Name, p.DistTags, p.Timed, "a", want)
	}
	type line struct {
		Version, Engines string
		Uploaded         time.Time
		Deprecated       bool
	}
	var got []line
	for _, r := range p.Versions {
		got = append(got, line{r.Version, r.Engines, r.Uploaded, r.Deprecated})
	}
	want := []line{
		{"1.0.0", "", time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.UTC), false},
		{"1.1.0", ">=18", time.Date(2020, 12, 31, 23, 0, 0, 0, time.UTC), false},
		{"1.2.0", "", time.Time{}, true},
		{"2.0.0-rc.1", "", time.Time{}, false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the versions are\n%v, want\n%v", got, want)
	}
	manifests := []manifest.Manifest{
		{Name: "a", Version: "1.0.0", Dependencies: []manifest.Dependency{{Name: "c", Spec: "1"}, {Name: "b", Spec: "2"}}, Tarball: "https://h/a-1.0.0.tgz", Shasum: "ff", InstallScript: true},
		{Name: "a", Version: "1.1.0", Engines: []manifest.Dependency{{Name: "node", Spec: ">=18"}, {Name: "npm", Spec: "1"}}, Tarball: "https://h/a-1.1.0.tgz", Integrity: "sha512-x"},
		{Name: "a", Version: "1.2.0", OS: []string{"linux"}},
		{Name: "a", Version: "2.0.0-rc.1", Shrinkwrap: true},
	}
	for i, want := range manifests {
		m, err := p.Manifest(t.Context(), i)
		if err != nil {
			t.Error(err)
		} else if !reflect.DeepEqual(*m, want) {
			t.Errorf("the manifest of %s is\n%+v, want\n%+v", want.Version, *m, want)
		}
	}
	if at := p.Find("1.2.0"); at != 2 {
		t.Errorf("1.2.0 is at %d, want 2", at)
	}
	if at := p.Find("9.0.0"); at != -1 {
		t.Errorf("9.0.0 is at %d, want -1", at)
	}
}

func TestDistillIsShortAndStable(t *testing.T) {
	t.Parallel()
	long := strings.Replace(document, "# a", strings.Repeat("words ", 100000), 1)
	short, err := distill([]byte(long))
	if err != nil {
		t.Fatal(err)
	}
	if len(short) > 1000 {
		t.Errorf("%d bytes are kept, want less than 1000", len(short))
	}
	var compact []byte
	if compact, err = json.Marshal(json.RawMessage(long)); err != nil {
		t.Fatal(err)
	}
	again, err := distill(compact)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ReadPackument(short)
	if err != nil {
		t.Fatal(err)
	}
	q, err := ReadPackument(again)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Versions {
		a, errA := p.Manifest(t.Context(), i)
		b, errB := q.Manifest(t.Context(), i)
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("with blanks the manifest is\n%+v (%v), without\n%+v (%v)", a, errA, b, errB)
		}
	}
}

func TestReadPackumentRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "<html>", "[]", document[:len(document)/2], document[:len(document)-1], `{"versions":{"1.0.0":{]}}`} {
		if p, err := ReadPackument([]byte(text)); err == nil {
			t.Errorf("document %.30q has %d versions, want an error", text, len(p.Versions))
		}
	}
}

func FuzzReadPackument(f *testing.F) {
	f.Add([]byte(document))
	f.Add([]byte(`{"versions":{"1":{"engines":{"node":"\t"}},"a\tb":{}},"time":{"1":"2020-01-02T03:04:05Z"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer indextest.Budget(t, len(raw))()
		p, err := ReadPackument(raw)
		if err != nil {
			return
		}
		short, err := distill(raw)
		if err != nil {
			t.Fatalf("document %q: %v", raw, err)
		}
		q, err := ReadPackument(short)
		if err != nil || len(q.Versions) != len(p.Versions) {
			t.Fatalf("document %q: what is kept of it is %q (%v)", raw, short, err)
		}
		for i := range p.Versions {
			if m, err := q.Manifest(t.Context(), i); err != nil {
				t.Errorf("document %q: %v", raw, err)
			} else if m.Version != p.Versions[i].Version {
				t.Errorf("document %q: the manifest of %q is of %q", raw, p.Versions[i].Version, m.Version)
			}
		}
		for _, spec := range []string{"*", "latest", "^1", "1.0.0"} {
			if s, err := manifest.ParseSpec("a", spec); err == nil {
				if at, err := Pick(p, s, PickOptions{Node: "22.0.0"}); err == nil && at >= len(p.Versions) {
					t.Errorf("document %q: picked %d of %d", raw, at, len(p.Versions))
				}
			}
		}
	})
}

// picks is a universe: version, time, engines, deprecated.
func picks() *Packument {
	at := func(day int) time.Time { return time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC) }
	return &Packument{
		Name: "a", Timed: true, DistTags: map[string]string{"latest": "2.1.0", "next": "3.0.0-rc.1", "gone": "9.9.9"},
		Versions: []Release{
			{Version: "1.0.0", Uploaded: at(1)},
			{Version: "1.1.0", Uploaded: at(2), Engines: ">=18"},
			{Version: "1.2.0", Uploaded: at(3), Engines: ">=22"},
			{Version: "1.3.0", Uploaded: at(4), Deprecated: true},
			{Version: "2.0.0", Uploaded: at(5), Engines: "not a range"},
			{Version: "2.1.0", Uploaded: at(6), Engines: "^18 || >=20"},
			{Version: "2.2.0", Uploaded: at(7)},
			{Version: "3.0.0-rc.1", Uploaded: at(8)},
			{Version: "not a version"},
		},
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2024, 1, d, 12, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		title, spec, node string
		before            time.Time
		want              string // a version, or npm's code
	}{
		{"latest before newer", "*", "20.0.0", time.Time{}, "2.1.0"},
		{"nothing written is the tag", "", "20.0.0", time.Time{}, "2.1.0"},
		{"latest of another Node", "*", "19.0.0", time.Time{}, "2.2.0"},
		{"latest in the range", ">=2", "20.0.0", time.Time{}, "2.1.0"},
		{"latest out of the range", ">2.1.0", "20.0.0", time.Time{}, "2.2.0"},
		{"engines count", "^1", "20.0.0", time.Time{}, "1.1.0"},
		{"engines of a newer Node", "^1", "22.1.0", time.Time{}, "1.2.0"},
		{"any Node", "^1", "", time.Time{}, "1.2.0"},
		{"none runs: what is not deprecated", "1.2.0 || 1.3.0", "16.0.0", time.Time{}, "1.3.0"},
		{"only deprecated", "~1.3", "16.0.0", time.Time{}, "1.3.0"},
		{"engines that are no range", "2.0.x", "20.0.0", time.Time{}, "2.0.0"},
		{"an exact version runs anywhere", "1.2.0", "16.0.0", time.Time{}, "1.2.0"},
		{"an exact version, loosely", "= v1.2.0+x", "16.0.0", time.Time{}, "1.2.0"},
		{"a tag", "next", "20.0.0", time.Time{}, "3.0.0-rc.1"},
		{"a prerelease in a range", "^3.0.0-rc.0", "20.0.0", time.Time{}, "3.0.0-rc.1"},
		{"no prerelease without its numbers", ">2.2.0", "20.0.0", time.Time{}, "ETARGET"},
		{"no such tag", "nope", "20.0.0", time.Time{}, "ETARGET"},
		{"a tag of nothing", "gone", "20.0.0", time.Time{}, "ETARGET"},
		{"no such version", "9.9.9", "20.0.0", time.Time{}, "ETARGET"},
		{"the cut-off hides latest", "*", "20.0.0", day(5), "1.1.0"},
		{"the cut-off and a range", "^1", "22.1.0", day(2), "1.1.0"},
		{"the cut-off and a tag", "next", "20.0.0", day(7), "2.1.0"},
		{"the cut-off hides a version", "2.2.0", "20.0.0", day(6), "ETARGET"},
		{"the cut-off hides a range", "^2", "20.0.0", day(4), "ETARGET"},
		{"an alias", "npm:a@~1.0.0", "20.0.0", time.Time{}, "1.0.0"},
	} {
		p := picks()
		spec, err := manifest.ParseSpec("a", c.spec)
		if err != nil {
			t.Errorf("%s: %v", c.title, err)
			continue
		}
		at, err := Pick(p, spec, PickOptions{Node: c.node, Before: c.before})
		var fault *manifest.ResolveError
		switch {
		case errors.As(err, &fault):
			if fault.Code != c.want || fault.Name != "a" || fault.Spec != c.spec {
				t.Errorf("%s: %v, want %s", c.title, err, c.want)
			}
		case err != nil:
			t.Errorf("%s: %v", c.title, err)
		case p.Versions[at].Version != c.want:
			t.Errorf("%s: %q is %s, want %s", c.title, c.spec, p.Versions[at].Version, c.want)
		}
	}
}

func TestPickExplains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec, want string
		before     time.Time
	}{
		{"^9", "no version matches; the newest are 2.2.0, 2.1.0, 2.0.0", time.Time{}},
		{"nope", "there is no such tag; the tags are gone, latest, next", time.Time{}},
		{"2.2.0", "2.2.0 matches, but was uploaded at 2024-01-07T00:00:00Z, after the cut-off 2024-01-03T00:00:00Z",
			time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC)},
	} {
		spec, err := manifest.ParseSpec("a", c.spec)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Pick(picks(), spec, PickOptions{Before: c.before})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q in it", c.spec, err, c.want)
		}
	}
	every, err := manifest.ParseSpec("a", "*")
	if err != nil {
		t.Fatal(err)
	}
	var fault *manifest.ResolveError
	if _, err := Pick(&Packument{Name: "a"}, every, PickOptions{}); !errors.As(err, &fault) || fault.Code != "ENOVERSIONS" {
		t.Errorf("picking of nothing: error %v, want ENOVERSIONS", err)
	}
	git, err := manifest.ParseSpec("a", "user/repo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Pick(picks(), git, PickOptions{}); err == nil {
		t.Error("picking of a git repository: no error")
	}
}
