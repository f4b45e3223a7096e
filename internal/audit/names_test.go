package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestPathsThatDifferInCaseAlone are an error within a download, a warning where the
// user brings one of them, and a note in packages and in zips that were made elsewhere.
func TestPathsThatDifferInCaseAlone(t *testing.T) {
	t.Parallel()
	from := func(ecosystem string, element int, path string) fileCase {
		return fileCase{path: path, from: filetree.Origin{Ecosystem: ecosystem, Element: element}}
	}
	for _, c := range []struct {
		name  string
		files []fileCase
		want  []string
	}{
		{"a download", []fileCase{from("downloads", 0, "d/Read"), from("downloads", 0, "d/read")}, []string{`error layout: "d/Read" and "d/read" differ in case alone`}},
		{"their folders", []fileCase{from("downloads", 0, "d/read"), from("downloads", 0, "D/read")}, []string{`error layout: "D/read" and "d/read" differ in case alone`}},
		{"letters beyond ASCII", []fileCase{from("downloads", 0, "d/Ärger"), from("downloads", 0, "d/ärger")}, []string{`error layout: "d/Ärger" and "d/ärger" differ in case alone`}},
		{"a letter with a small form in ASCII", []fileCase{from("downloads", 0, "d/\u212a"), from("downloads", 0, "d/k")}, []string{"error layout: \"d/k\" and \"d/\u212a\" differ in case alone"}},
		{"signs beside a letter", []fileCase{from("downloads", 0, "d/x[1]"), from("downloads", 0, "d/x{1}"), from("downloads", 0, "d/X{1}")}, []string{`error layout: "d/X{1}" and "d/x{1}" differ in case alone`}},
		{"signs in a long name", []fileCase{from("downloads", 0, "d/long@name.txt"), from("downloads", 0, "d/long`name.txt"), from("downloads", 0, "d/Long`name.txt")}, []string{"error layout: \"d/Long`name.txt\" and \"d/long`name.txt\" differ in case alone"}},
		{"signs alone", []fileCase{from("downloads", 0, "d/a^"), from("downloads", 0, "d/a~"), from("downloads", 0, "d/_"), from("downloads", 0, "d/\x7f")}, nil},
		{"folders alone", []fileCase{from("downloads", 0, "D/a"), from("downloads", 0, "d/b")}, nil},
		{"two downloads", []fileCase{from("downloads", 0, "d/Read"), from("downloads", 1, "d/read")}, []string{`warning layout: "d/Read" and "d/read" differ in case alone`}},
		{"files", []fileCase{from("files", 0, "bin/A"), from("files", 0, "bin/a")}, []string{`warning layout: "bin/A" and "bin/a" differ in case alone`}},
		{"files and a package", []fileCase{from("files", 0, "python/A.py"), from("python", 0, "python/a.py")}, []string{`warning layout: "python/A.py" and "python/a.py" differ in case alone`}},
		{"packages", []fileCase{from("python", 0, "python/A.py"), from("python", 0, "python/a.py")}, []string{`note layout: "python/A.py" and "python/a.py" differ in case alone`}},
		{"an image", []fileCase{from("images", 0, "lib/A.h"), from("images", 0, "lib/a.h")}, []string{`note layout: "lib/A.h" and "lib/a.h" differ in case alone`}},
		{"a zip", []fileCase{from("", 0, "bin/x"), from("", 0, "bin/X")}, []string{`note layout: "bin/X" and "bin/x" differ in case alone`}},
		{
			"three of a name, and two of another",
			[]fileCase{from("files", 0, "d/a"), from("files", 0, "d/A"), from("files", 0, "D/a"), from("files", 0, "e/x"), from("files", 0, "e/X")},
			[]string{`warning layout: "D/a" and "d/A" differ in case alone (There are 2 more such pairs.)`},
		},
	} {
		for range 2 {
			for _, function := range []bool{false, true} {
				l := layerOf(t, []string{"python3.12"}, c.files...)
				l.Function = function
				var got []string
				for _, f := range Judge(l) {
					if f.Check != Layout {
						continue
					}
					_, more, _ := strings.Cut(f.Need, "unpacked there. ")
					if more != "" {
						more = " (" + more + ")"
					}
					got = append(got, string(f.Severity)+" layout: "+f.Summary+more)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: got %q, want %q", c.name, got, c.want)
				}
			}
			slices.Reverse(c.files)
		}
	}
	// Both stay files of the layer.
	l := newFiles(layerOf(t, nil, text("bin/A"), text("bin/a")).Files)
	if l.at("bin/A").Path != "bin/A" || l.at("bin/a").Path != "bin/a" || l.at("BIN/a") != nil {
		t.Error("a file is not at its path")
	}
}

// TestLinksThatLeadNowhere follows links as Linux does, with the layer at /opt.
func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		links map[string]string
		want  []string
	}{
		{"that lead to files and folders", map[string]string{
			"lib/liba.so": "liba.so.1", "bin/b": "../lib/liba.so", "lib64": "lib", "bin/c": "/opt/lib/liba.so.1", "bin/d": "../../opt/lib/./liba.so.1",
			"bin/e": "../lib64/liba.so", "bin/f": "/opt", "bin/g": "../lib/",
		}, nil},
		{"to nothing", map[string]string{"lib/liba.so": "liba.so.2"}, []string{`warning "lib/liba.so" is a link that leads nowhere: The layer has nothing at "/opt/lib/liba.so.2".`}},
		{"below a file", map[string]string{"bin/b": "../lib/liba.so.1/x"}, []string{`warning "bin/b" is a link that leads nowhere: The layer has nothing at "/opt/lib/liba.so.1".`}},
		{"over another link", map[string]string{"bin/b": "c", "bin/c": "/opt/gone"}, []string{`warning "bin/b" and another file are a link that leads nowhere: The layer has nothing at "/opt/gone".`}},
		{"in a circle", map[string]string{"bin/b": "c", "bin/c": "b"}, []string{`warning "bin/b" and another file are a link that leads in a circle: `}},
		{"out of the layer", map[string]string{"bin/python": "/usr/bin/python3"}, []string{`note "bin/python" is a link that leads out of the layer: It leads to "/usr/bin/python3", which the runtime has to have.`}},
		{"out by relative steps", map[string]string{"bin/sh": "../../bin/sh"}, []string{`note "bin/sh" is a link that leads out of the layer: It leads to "/bin/sh", which the runtime has to have.`}},
	} {
		l := layerOf(t, []string{"python3.12"}, text("lib/liba.so.1"))
		l.Links = c.links
		var got []string
		for _, f := range Judge(l) {
			got = append(got, string(f.Severity)+" "+f.Summary+": "+f.Need)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("links %s: got %q, want %q", c.name, got, c.want)
		}
	}
}
