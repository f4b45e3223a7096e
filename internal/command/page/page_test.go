package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// report has the fields that the page shows.
type report struct {
	Name, SHA256       string
	Size, UnzippedSize int64
	FileCount          int
	Contents           []holding
	Findings           []finding
	Places             []place
}

type holding struct {
	Key, Version, License string
	Files                 int
	Size, PackedSize      int64
}

type finding struct {
	Check, Severity, Summary, Text, Origin string
	Files                                  []string
	MoreFiles                              int
}

type place struct {
	Path, Finds string
	Names       []string
	More        int
}

// hostile are names that would break out of where they are written.
var hostile = []string{
	`</script><script>alert(1)</script>`, `<!--<script>`, `"onmouseover="alert(1)`, `'><img src=x onerror=alert(1)>`, "a\u2028b\u2029c", `${alert(1)}`, `&lt;b&gt;`, `]]>`, "`x`", `{{.}}`,
}

func written(t *testing.T, p *Page) (string, *html.Node) {
	t.Helper()
	p.Bytes = func(n int64) string { return fmt.Sprint(n, " B") }
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), root
}

func each(n *html.Node, visit func(*html.Node)) {
	visit(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, visit)
	}
}

// TestHostileNamesStayTexts puts each name wherever a zip can: an independent
// parser finds just the page's own two scripts, no handler, no image, and every name
// as it is.
func TestHostileNamesStayTexts(t *testing.T) {
	t.Parallel()
	for _, name := range hostile {
		r := report{
			Name: name, SHA256: name, Contents: []holding{{Key: "python:" + name, Version: name, License: name}},
			Findings: []finding{{Severity: name, Summary: name, Text: name, Origin: name, Files: []string{name}}}, Places: []place{{Path: name, Finds: name, Names: []string{name}}},
		}
		p := &Page{
			Report: r, Title: name, Version: name, JudgedFor: name, Serves: name, Refusals: []Refusal{{name, name}},
			Data: NewData(name, []string{name}, []File{{Path: "python/" + name, Size: 1}}),
		}
		_, root := written(t, p)
		scripts, seen := 0, 0
		each(root, func(n *html.Node) {
			switch {
			case n.Type == html.TextNode && strings.Contains(n.Data, name):
				seen++
			case n.Type == html.ElementNode && n.Data == "script":
				scripts++
				if len(n.Attr) == 0 {
					break
				}
				var d Data
				if err := json.Unmarshal([]byte(n.FirstChild.Data), &d); err != nil || d.Name != name || d.Paths[0] != "python/"+name {
					t.Errorf("%q: data %+v, %v", name, d, err)
				}
			case n.Type == html.ElementNode && (n.Data == "img" || n.Data == "b" && n.Parent.Data != "li"):
				t.Errorf("%q makes an element", name)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%q makes the attribute %s", name, a.Key)
				}
			}
		})
		if scripts != 2 || seen < 14 {
			t.Errorf("%q: %d scripts, the name is read %d times", name, scripts, seen)
		}
	}
}

// TestThePolicyAllowsThePagesOwnScriptAlone computes the hashes of what was
// written, and looks for any address.
func TestThePolicyAllowsThePagesOwnScriptAlone(t *testing.T) {
	t.Parallel()
	text, root := written(t, &Page{Report: report{Name: "layer.zip"}, Data: NewData("layer.zip", nil, nil)})
	policy := ""
	inline := map[string]string{}
	each(root, func(n *html.Node) {
		switch {
		case n.Data == "meta" && n.Attr[0].Val == "Content-Security-Policy":
			policy = n.Attr[1].Val
		case n.Data == "style", n.Data == "script" && len(n.Attr) == 0:
			inline[n.Data] = policyHash(n.FirstChild.Data)
		}
	})
	want := "default-src 'none'; script-src '" + inline["script"] + "'; style-src '" + inline["style"] + "'; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("policy %q, want %q", policy, want)
	}
	if found := regexp.MustCompile(`(?i)(https?:)?//[a-z]|url\(|@import|<link|<img|\bstyle=|\bsrc=|\bhref=`).FindString(text); found != "" {
		t.Errorf("the page reaches out: %q", found)
	}
}

// TestThePageOfALargeLayerIsSmall: 20,000 files with names as those of large
// distributions, and 200,000, which are folded.
func TestThePageOfALargeLayerIsSmall(t *testing.T) {
	t.Parallel()
	for _, n := range []int{20_000, 200_000} {
		var files []File
		var sum int64
		for i := range n {
			f := File{Path: fmt.Sprintf("python/distribution_%d/package_%d/subpackage_%d/module_with_a_name_%d.py", i%40, i%600/40, i%3000/600, i), Size: int64(i%26_000) + 1, Packed: int64(i % 9000), Of: i % 40}
			files, sum = append(files, f), sum+f.Size
		}
		contents := make([]string, 40)
		for i := range contents {
			contents[i] = fmt.Sprintf("distribution-%d 1.%d", i, i)
		}
		d := NewData("layer.zip", contents, files)
		text, _ := written(t, &Page{Report: report{Name: "layer.zip"}, Data: d})
		var got int64
		for _, size := range d.Sizes {
			got += size
		}
		if len(text) >= 3_000_000 || got != sum {
			t.Errorf("%d files: the page weighs %d bytes, and the map shows %d of %d bytes", n, len(text), got, sum)
		}
	}
}

// TestPathsAreReadAsTheyWere undoes what NewData does as JavaScript would.
func TestPathsAreReadAsTheyWere(t *testing.T) {
	t.Parallel()
	want := []string{"a", "a/b", "a/😀.txt", "a/😀😀", "a/😁", "ä/1", "ä/2"}
	var files []File
	for _, name := range want {
		files = append(files, File{Path: name})
	}
	d := NewData("", nil, files)
	var before []rune
	for i, rest := range d.Paths {
		shared, runes := d.Shared[i], []rune{}
		for _, r := range before { // units of UTF-16
			if shared -= units(string(r)); shared < 0 {
				break
			}
			runes = append(runes, r)
		}
		before = append(runes, []rune(rest)...)
		if string(before) != want[i] {
			t.Errorf("path %d is %q, want %q", i, string(before), want[i])
		}
	}
}
