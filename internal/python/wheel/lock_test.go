package wheel

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestLockEncoding(t *testing.T) {
	t.Parallel()
	digest := store.Sum([]byte("a wheel"))
	both := []string{"python3.11 x86_64", "python3.12 x86_64"}
	lock := Lock{
		Wheels: []Wheel{
			{Name: "idna", Version: "3.20", Filename: "idna-3.20-py3-none-any.whl", URL: "https://files.example/a%2Bb/idna-3.20-py3-none-any.whl", SHA256: digest, Size: 69583, Pure: true, Targets: both},
			{Name: "numpy", Version: "2.2.6", Filename: "numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.whl", URL: "https://files.example/get/1", SHA256: digest, Targets: both[:1]},
		},
		Notes: []string{"the index <x> gives no upload times"},
	}
	const want = `{"wheels":{` +
		`"python3.11 x86_64":["numpy==2.2.6 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 0 https://files.example/get/1 numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.whl"],` +
		`"python3.11 x86_64, python3.12 x86_64":["idna==3.20 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 69583 https://files.example/a%2Bb/idna-3.20-py3-none-any.whl"]},` +
		`"notes":["the index \u003cx\u003e gives no upload times"]}`
	got, err := json.Marshal(lock)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back Lock
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, lock) {
		t.Errorf("got  %+v\nwant %+v", back, lock)
	}
}

// TestDirectSurvivesTheEncoding: a lock that was read tells the same as the one that
// was resolved, and is written as it was read.
func TestDirectSurvivesTheEncoding(t *testing.T) {
	t.Parallel()
	wheel := func(name string, requires ...string) Wheel {
		return Wheel{
			Name: name, Version: "1.0", Filename: name + "-1.0-py3-none-any.whl", URL: "https://files.example/" + name + "-1.0-py3-none-any.whl",
			SHA256: store.Sum([]byte(name)), Pure: true, Targets: []string{"python3.12 x86_64"}, Requires: requires,
		}
	}
	for name, c := range map[string]struct {
		wheels  []Wheel
		want    []string
		written string // "" for nothing
	}{
		"one of a few":     {[]Wheel{wheel("certifi"), wheel("idna"), wheel("requests", "certifi", "idna")}, []string{"requests"}, `"direct":["requests"]`},
		"two and a loop":   {[]Wheel{wheel("a", "b"), wheel("b"), wheel("self", "self")}, []string{"a", "self"}, `"direct":["a","self"]`},
		"all":              {[]Wheel{wheel("idna"), wheel("six")}, []string{"idna", "six"}, ""},
		"none but a cycle": {[]Wheel{wheel("a", "b"), wheel("b", "a")}, []string{"a", "b"}, ""},
		"a wheel for each": {[]Wheel{wheel("a", "b"), wheel("b"), wheel("b")}, []string{"a"}, `"direct":["a"]`},
		"no wheel":         {nil, nil, ""},
	} {
		lock := &Lock{Wheels: c.wheels}
		text, err := json.Marshal(lock)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), c.written) || strings.Contains(string(text), "direct") != (c.written != "") {
			t.Errorf("%s: wrote %s, want %s", name, text, c.written)
		}
		var back Lock
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(lock.Direct(), c.want) || !slices.Equal(back.Direct(), c.want) {
			t.Errorf("%s: %q, and %q from the text, want %q", name, lock.Direct(), back.Direct(), c.want)
		}
		again, err := json.Marshal(back)
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: wrote %s again, want %s, %v", name, again, text, err)
		}
	}
	var old Lock // without the names
	if err := json.Unmarshal([]byte(`{"wheels":{"python3.12 x86_64":["b==1.0 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 5 https://x/b-1.0-py3-none-any.whl",`+
		`"a==1.0 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 5 https://x/a-1.0-py3-none-any.whl"]}}`), &old); err != nil || !slices.Equal(old.Direct(), []string{"a", "b"}) {
		t.Errorf("an older lock: %q, %v", old.Direct(), err)
	}
}

func TestLockRefusesGarbage(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "idna", "idna 3.20 x y", "idna==3.20 sha256:12 5 https://x/idna-3.20-py3-none-any.whl",
		"idna==3.20 md5:12 5 https://x/idna-3.20-py3-none-any.whl",
		"idna==3.20 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b many https://x/idna-3.20-py3-none-any.whl",
		"idna==3.20 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 5 https://x/idna.tar.gz",
	} {
		if _, err := parseLocked(line); err == nil {
			t.Errorf("parseLocked(%q) is not an error", line)
		}
	}
}
