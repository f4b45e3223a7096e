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
	body, err := distillPage([]byte(page), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	files, base, err := readListing(body)
	if err != nil {
		t.Fatal(err)
	}
	p := pageOf("a-b", files)
	if base != "" || len(files) != 6 || p.versions != 2 {
		t.Errorf("base %q, %d files, %d versions, want none, 6 and 2", base, len(files), p.versions)
	}
	for i, want := range []struct {
		File
		version, key, build, platform string
		order                         int
	}{{
		File: File{
			Filename: "A.b-1.10-py3-none-any.whl", url: "https://h.example/x/1/A.b-1.10-py3-none-any.whl", Size: 12, Uploaded: "2024-01-02T03:04:05.678Z",
			RequiresPython: ">=3.7", SHA256: digestA, metadata: true, metadataSHA256: digestB,
		},
		version: "1.10", key: "1.10", platform: "any", order: 1,
	}, {
		File:    File{Filename: "a_b-1.9-2-cp312-cp312-linux_x86_64.whl", url: "https://h.example/x/2/other%2Bname.whl", Yanked: true, yankReason: "bad", metadata: true},
		version: "1.9", key: "1.9", build: "2", platform: "linux_x86_64", order: 0,
	}, {
		File:    File{Filename: "a_b-1.9.0-py3-none-any.whl", url: "https://h.example/x/1/a_b-1.9.0-py3-none-any.whl", RequiresPython: ">=3.7"},
		version: "1.9.0", key: "1.9", platform: "any", order: 0,
	}} {
		w := p.Wheels[i]
		if *w.File != want.File {
			t.Errorf("wheel %d = %+v, want %+v", i, *w.File, want.File)
		}
		if w.Text != want.version || w.Key != want.key || w.Version.String() != want.version || w.order != want.order {
			t.Errorf("wheel %d has version %s, key %s, order %d, want %s, %s, %d", i, w.Text, w.Key, w.order, want.version, want.key, want.order)
		}
		if w.Build != want.build || !slices.Equal(w.Platforms, []string{want.platform}) {
			t.Errorf("wheel %d has build %q, platforms %q", i, w.Build, w.Platforms)
		}
	}
	if len(p.Wheels) != 3 || p.Wheels[0].WheelKind != p.Wheels[2].WheelKind {
		t.Errorf("%d wheels, want 3, and one kind of the first and the last", len(p.Wheels))
	}
	other := File{Filename: "a_b-1.10.tar.gz", url: "https://h.example/x/1/a_b-1.10.tar.gz", RequiresPython: ">=3.8", SHA256: digestB}
	if len(p.Sdists) != 1 || *p.Sdists[0].File != other || p.Sdists[0].Text != "1.10" || p.Sdists[0].order != 1 || !p.Sdists[0].Pure() {
		t.Errorf("sdists = %+v, want %+v", p.Sdists, other)
	}
}

// pageOf returns a page of files.
func pageOf(name string, files []File) *Page {
	p := &Page{Name: name, files: files}
	p.read()
	return p
}

// TestNamesThatAreNotOfTheProject has a page whose first files have no name, or the
// name of another project.
func TestNamesThatAreNotOfTheProject(t *testing.T) {
	t.Parallel()
	p := pageOf("a", []File{
		{Filename: "-1.0-py3-none-any.whl"}, {Filename: "1.0.zip"}, {Filename: "-1.0.zip"}, {Filename: "b-1.0.tar.gz"}, {Filename: "b-1.0-py3-none-any.whl"},
		{Filename: "a-1.zip"}, {Filename: "A-1.0.tar.gz"}, {Filename: "a-x.tar.gz"},
	})
	var names []string
	for _, f := range append(p.Wheels, p.Sdists...) {
		names = append(names, f.Filename)
	}
	if want := []string{"a-1.zip", "A-1.0.tar.gz"}; !slices.Equal(names, want) {
		t.Errorf("the page has %q, want %q", names, want)
	}
}

func TestListingOfAPageWithABase(t *testing.T) {
	t.Parallel()
	body, err := distillPage([]byte(`<base href="https://h.example/y/"><a href="a-1-py3-none-any.whl">a</a>`), "text/html")
	if err != nil {
		t.Fatal(err)
	}
	files, base, err := readListing(body)
	if err != nil || base != "https://h.example/y/" || len(files) != 1 || files[0].url != "a-1-py3-none-any.whl" {
		t.Errorf("readListing() = %+v, %q, %v", files, base, err)
	}
}

// TestDamagedListings cuts a listing short, lengthens it, and has numbers in it that
// cannot be.
func TestDamagedListings(t *testing.T) {
	t.Parallel()
	body := writeListing([]File{
		{Filename: "a-1-py3-none-any.whl", url: "x/a-1-py3-none-any.whl", Size: 300, Yanked: true, yankReason: "bad"},
		{Filename: "a-1.tar.gz", url: "x/a-1.tar.gz"},
	}, "b")
	if files, base, err := readListing(body); err != nil || base != "b" || len(files) != 2 {
		t.Fatal(files, base, err)
	}
	for n := range body {
		if files, _, err := readListing(body[:n]); err == nil {
			t.Errorf("the first %d bytes read as %+v", n, files)
		}
	}
	for name, text := range map[string]string{
		"more behind it":           string(body) + "\x00",
		"a number without end":     strings.Repeat("\xff", 20),
		"more files than bytes":    "\x00" + "\xff\xff\xff\x7f",
		"a text beyond the end":    "\x05b",
		"flags of another form":    "\x00\x01" + "\x04" + strings.Repeat("\x00", 8),
		"a size beyond an int64":   "\x00\x01\x00" + strings.Repeat("\xff", 9) + "\x01" + strings.Repeat("\x00", 7),
		"a length beyond an int64": strings.Repeat("\xff", 9) + "\x01",
	} {
		if files, _, err := readListing([]byte(text)); err == nil {
			t.Errorf("%s: it reads as %+v", name, files)
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
	f.Add(writeListing([]File{{Filename: "a-1-py3-none-any.whl", url: "x/a-1-py3-none-any.whl"}, {Filename: "a-1.zip"}}, "b"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		defer indextest.Budget(t, len(body))()
		files, _, err := readListing(body)
		if err != nil {
			return
		}
		p := pageOf("a", files)
		for _, w := range append(p.Wheels, p.Sdists...) {
			if w.File == nil || w.Release == nil || w.WheelKind == nil || w.order < 0 || w.order >= p.versions || len(w.Platforms) == 0 {
				t.Errorf("readListing(%q) has the file %+v of %d versions", body, w, p.versions)
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
		body, err := distillPage([]byte(page), "application/json")
		if err != nil {
			if _, ok := errors.AsType[*pageFault](err); !ok {
				t.Errorf("distilling %q: %v", page, err)
			}
			return
		}
		listed, _, err := readListing(body)
		if err != nil {
			t.Fatalf("the listing of %q: %v", page, err)
		}
		files, err := parseSimpleJSON([]byte(page))
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for _, got := range listed {
			at := slices.Index(files[next:], got)
			if at < 0 {
				t.Fatalf("the listing of %q has the file %+v", page, got)
			}
			next += at + 1
		}
		for _, w := range pageOf("a", listed).Wheels {
			if name, err := wheel.ParseWheelName(w.Filename); err != nil || name.Name != "a" || name.Version != w.Text {
				t.Errorf("the listing of %q has %q as version %s", page, w.Filename, w.Text)
			}
		}
	})
}
