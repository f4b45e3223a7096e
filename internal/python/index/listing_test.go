package index

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

func TestListing(t *testing.T) {
	t.Parallel()
	const page = `{"meta":{"api-version":"1.4"},"files":[
		{"filename":"A.b-1.10-py3-none-any.whl","url":"https://h.example/x/1/A.b-1.10-py3-none-any.whl","size":12,"upload-time":"2024-01-02T03:04:05.678Z",
		 "requires-python":">=3.7","hashes":{"sha256":"` + digestA + `"},"core-metadata":{"sha256":"` + digestB + `"}},
		{"filename":"a_b-1.9-2-cp312-cp312-linux_x86_64.whl","url":"https://h.example/x/2/other%2Bname.whl","yanked":"bad","core-metadata":true},
		{"filename":"a_b-1.9.0-py3-none-any.whl","url":"https://h.example/x/1/a_b-1.9.0-py3-none-any.whl","requires-python":">=3.7"},
		{"filename":"a_b-1.10.tar.gz","url":"https://h.example/x/1/a_b-1.10.tar.gz","requires-python":">=3.8","hashes":{"sha256":"` + digestB + `"}},
		{"filename":"a_b-nonsense-py3-none-any.whl","url":"https://h.example/x/3"},
		{"filename":"c-1-py3-none-any.whl","url":"https://h.example/x/4"},
		{"filename":"a_b-1.10-py2.7.egg","url":"https://elsewhere.example/5"}]}`
	body, err := distillPage("a-b")([]byte(page), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	l, err := readListing(body)
	if err != nil {
		t.Fatal(err)
	}
	if l.base != "" || l.prefix != "https://h.example/x/" || l.versions != 2 {
		t.Errorf("base %q, prefix %q, %d versions, want none, https://h.example/x/ and 2", l.base, l.prefix, l.versions)
	}
	for i, want := range []struct {
		File
		version, key, build, platform string
		tags, order                   int
	}{{
		File: File{
			Filename: "A.b-1.10-py3-none-any.whl", url: "1/A.b-1.10-py3-none-any.whl", Size: 12, Uploaded: "2024-01-02T03:04:05.678Z",
			RequiresPython: ">=3.7", SHA256: digestA, metadata: true, metadataSHA256: digestB,
		},
		version: "1.10", key: "1.10", platform: "any", tags: 0, order: 1,
	}, {
		File:    File{Filename: "a_b-1.9-2-cp312-cp312-linux_x86_64.whl", url: "2/other%2Bname.whl", Yanked: true, yankReason: "bad", metadata: true},
		version: "1.9", key: "1.9", build: "2", platform: "linux_x86_64", tags: 1, order: 0,
	}, {
		File:    File{Filename: "a_b-1.9.0-py3-none-any.whl", url: "1/a_b-1.9.0-py3-none-any.whl", RequiresPython: ">=3.7"},
		version: "1.9.0", key: "1.9", platform: "any", tags: 0, order: 0,
	}} {
		w := l.wheels[i]
		if *w.File != want.File {
			t.Errorf("wheel %d = %+v, want %+v", i, *w.File, want.File)
		}
		if w.Text != want.version || w.Key != want.key || w.Version.String() != want.version || w.order != want.order {
			t.Errorf("wheel %d has version %s, key %s, order %d, want %s, %s, %d", i, w.Text, w.Key, w.order, want.version, want.key, want.order)
		}
		if w.tags != want.tags || w.Build != want.build || !slices.Equal(w.Platforms, []string{want.platform}) {
			t.Errorf("wheel %d has kind %d, build %q, platforms %q", i, w.tags, w.Build, w.Platforms)
		}
	}
	if len(l.wheels) != 3 {
		t.Errorf("%d wheels, want 3", len(l.wheels))
	}
	other := File{Filename: "a_b-1.10.tar.gz", url: "1/a_b-1.10.tar.gz", RequiresPython: ">=3.8", SHA256: digestB}
	if !slices.Equal(l.others, []File{other}) {
		t.Errorf("others = %+v, want %+v", l.others, other)
	}
}

func TestListingOfAPageWithABase(t *testing.T) {
	t.Parallel()
	body, err := distillPage("a")([]byte(`<base href="https://h.example/y/"><a href="a-1-py3-none-any.whl">a</a>`), "text/html")
	if err != nil {
		t.Fatal(err)
	}
	l, err := readListing(body)
	if err != nil || l.base != "https://h.example/y/" || l.prefix != "" || len(l.wheels) != 1 || l.wheels[0].url != "a-1-py3-none-any.whl" {
		t.Errorf("readListing() = %+v, %v", l, err)
	}
}

// TestDamagedListings cuts a listing short, lengthens it, and breaks what
// newProject relies on.
func TestDamagedListings(t *testing.T) {
	t.Parallel()
	body := writeListing("a", []File{
		{Filename: "a-1-py3-none-any.whl", url: "x/a-1-py3-none-any.whl", wheel: true},
		{Filename: "a-2-py3-none-any.whl", url: "x/a-2-py3-none-any.whl", wheel: true},
		{Filename: "a-1.tar.gz", url: "x/a-1.tar.gz"},
	}, "")
	if _, err := readListing(body); err != nil {
		t.Fatal(err)
	}
	for n := range body {
		if l, err := readListing(body[:n]); err == nil {
			t.Errorf("the first %d bytes read as %+v", n, l)
		}
	}
	const head = "\x00\x00\x01\x00" // no base, no prefix, one Requires-Python
	for name, text := range map[string]string{
		"more behind it":              string(body) + "\x00",
		"versions not in order":       head + "\x02\x012\x011" + "\x00\x00",
		"no version":                  head + "\x01\x01x" + "\x00\x00",
		"a number without end":        strings.Repeat("\xff", 20),
		"more versions than bytes":    head + "\xff\xff\xff\x7f",
		"more wheels than bytes":      head + "\x00" + "\xff\xff\xff\x7f",
		"a wheel of no known version": head + "\x00" + "\x01" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00",
		"a wheel without a name":      head + "\x01\x011" + "\x01" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00",
		"a name before its address":   head + "\x00" + "\x00" + "\x01" + "\x00\x04\x00\x00\x01x\x02\x00\x00",
	} {
		if l, err := readListing([]byte(text)); err == nil {
			t.Errorf("%s: it reads as %+v", name, l)
		}
	}
}

// TestAnUnreadableListingIsFetchedAgain stores, under the name of our own form,
// what is no listing.
func TestAnUnreadableListingIsFetchedAgain(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, chain, indextest.WithMaxAge(time.Hour))
	client, _ := pythontest.Client(t, nil)
	garbage := fetch.PageRequest{
		URL: index.URL() + "a/", Accept: simpleAccept, Distillation: listingForm,
		Distill: func([]byte, string) ([]byte, error) { return []byte("\xff"), nil },
	}
	if _, err := client.Page(t.Context(), garbage); err != nil {
		t.Fatal(err)
	}
	cat, err := NewCatalog(t.Context(), client, &Sources{Indexes: []Index{{URL: index.URL()}}})
	if err != nil {
		t.Fatal(err)
	}
	defer cat.Close()
	if p, err := cat.Page("a").Wait(t.Context()); err != nil || len(p.Wheels) != 2 {
		t.Errorf("the page is %+v, %v, want one of two wheels", p, err)
	}
	index.Forget()
	if page, err := client.Page(t.Context(), garbage); err != nil || string(page.Body) == "\xff" || len(index.Requests()) != 0 {
		t.Errorf("the listing was not replaced: %v, %v", page, err)
	}
}

func FuzzReadListing(f *testing.F) {
	f.Add(writeListing("a", []File{{Filename: "a-1-py3-none-any.whl", url: "x/a-1-py3-none-any.whl", wheel: true}, {Filename: "a-1.zip"}}, "b"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		defer indextest.Budget(t, len(body))()
		l, err := readListing(body)
		if err != nil {
			return
		}
		for _, w := range l.wheels {
			if w.File == nil || w.Release == nil || w.WheelKind == nil || w.order < 0 || w.order >= l.versions || len(w.Platforms) == 0 {
				t.Errorf("readListing(%q) has the wheel %+v of %d versions", body, w, l.versions)
			}
		}
	})
}

// FuzzListing checks that a listing says of each file what the page does.
func FuzzListing(f *testing.F) {
	f.Add(`{"files":[{"filename":"a-1-py3-none-any.whl","url":"x/a-1-py3-none-any.whl","hashes":{"sha256":"0"},"size":3,"yanked":"x"},{"filename":"a-1.zip","url":"y"}]}`)
	f.Add(`{"files":[{"filename":"a-1-py3-none-any.whl","url":"x/y"},{"filename":"A-1.0-py3-none-any.whl","url":"x/z"},{"filename":"a-x-py3-none-any.whl"}]}`)
	f.Fuzz(func(t *testing.T, page string) {
		defer indextest.Budget(t, len(page))()
		body, err := distillPage("a")([]byte(page), "application/json")
		if err != nil {
			if _, ok := errors.AsType[*pageFault](err); !ok {
				t.Errorf("distilling %q: %v", page, err)
			}
			return
		}
		l, err := readListing(body)
		if err != nil {
			t.Fatalf("the listing of %q: %v", page, err)
		}
		files, err := parseSimpleJSON([]byte(page))
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for _, w := range l.wheels {
			got := *w.File
			got.url, got.wheel = l.prefix+got.url, true
			at := slices.Index(files[next:], got)
			if at < 0 {
				t.Fatalf("the listing of %q has the wheel %+v", page, got)
			}
			next += at + 1
			if name, err := wheel.ParseWheelName(got.Filename); err != nil || name.Name != "a" || name.Version != w.Text {
				t.Errorf("the listing of %q has %q as version %s", page, got.Filename, w.Text)
			}
		}
	})
}
