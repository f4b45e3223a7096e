package packlist

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lib is a member of a workspace with one of each.
const lib = "dist/index.js dist/sub/a.js dist/sub/b.test.js src/a.ts test/t.js README.md LICENSE CHANGELOG.md .env .eslintrc node_modules/x/i.js " +
	"package-lock.json yarn.lock .npmrc a.orig .DS_Store ._x dist/.npmrc dist/LICENSE main.js bin.js dist/package-lock.json dist/.DS_Store NOTICE " +
	"npm-shrinkwrap.json pnpm-lock.yaml dist/a.orig .x.swp lib2/i.js"

// TestListIsThatOfNpm holds what "npm pack -w lib" of npm 11.19.1 packs. The files
// of each case are those of lib, with package.json and ignore files besides.
func TestListIsThatOfNpm(t *testing.T) {
	t.Parallel()
	const rest = ".eslintrc CHANGELOG.md LICENSE NOTICE README.md bin.js lib2/i.js main.js npm-shrinkwrap.json package.json"
	const dist = "dist/LICENSE dist/index.js dist/package-lock.json dist/sub/a.js dist/sub/b.test.js"
	for _, c := range []struct {
		name   string
		member string // besides name and version
		files  map[string]string
		want   string
	}{
		{"nothing said", "", nil, rest + " .env " + dist + " src/a.ts test/t.js"},
		{"the project ignores", "", map[string]string{".gitignore": ".env\ndist\n"}, rest + " src/a.ts test/t.js"},
		{"files go before what the project ignores", `,"files":["dist"]`, map[string]string{".gitignore": ".env\ndist\n"}, dist + " LICENSE README.md package.json"},
		{
			"files, main and bin go before an own ignore file", `,"files":["dist"],"main":"main.js","bin":"bin.js"`, map[string]string{"packages/lib/.npmignore": "dist/sub\nmain.js\n"},
			dist + " LICENSE README.md package.json main.js bin.js",
		},
		{
			".npmignore goes before .gitignore of its folder", `,"main":"main.js","bin":{"x":"./bin.js"}`,
			map[string]string{"packages/lib/.npmignore": "src\n", "packages/lib/.gitignore": "dist\n"}, rest + " .env test/t.js " + dist,
		},
		{"main without its ending", `,"main":"./dist/index"`, map[string]string{"packages/lib/.npmignore": "dist\nbin.js\n"}, strings.ReplaceAll(rest, " bin.js", "") + " .env src/a.ts test/t.js"},
		{"main in an ignored folder", `,"main":"dist/index.js"`, map[string]string{"packages/lib/.npmignore": "dist\n"}, rest + " .env src/a.ts test/t.js " + dist},
		{
			"files take back, and name what is never packed", `,"files":["dist","!dist/sub/b.test.js",".env",".npmrc","yarn.lock","node_modules"]`, nil,
			".env LICENSE README.md dist/LICENSE dist/index.js dist/package-lock.json dist/sub/a.js package.json",
		},
		{"globs", `,"files":["dist/**/*.js","/src/"]`, map[string]string{"packages/lib/dist/.npmignore": "sub\n"}, "LICENSE README.md dist/index.js package.json src/a.ts"},
		{"an ignore file in a folder that files name", `,"files":["dist"]`, map[string]string{"packages/lib/dist/.npmignore": "!b.test.js\nindex.js\n"}, "LICENSE README.md dist/LICENSE dist/package-lock.json dist/sub/a.js dist/sub/b.test.js package.json"},
		{"members of other types", `,"files":"dist","main":7,"bin":[],"directories":"test"`, map[string]string{"packages/lib/.npmignore": "dist\n"}, rest + " .env src/a.ts test/t.js"},
		{"no files", `,"files":[]`, nil, "LICENSE README.md package.json"},
		{"files at the top alone", `,"files":["index.js","sub"]`, nil, "LICENSE README.md package.json"},
		{"files anywhere", `,"files":["./dist/","**/t.js","dist/sub/../../src"]`, nil, "LICENSE README.md package.json test/t.js src/a.ts " + dist},
		{"all but one folder", "", map[string]string{"packages/lib/.gitignore": "*\n!dist/\n!dist/**\n"}, "LICENSE README.md package.json " + dist},
		{"the project's and the member's ignore files", "", map[string]string{".gitignore": "dist\n!.env\n", "packages/lib/.npmignore": "src\n.env\n"}, rest + " test/t.js"},
		{"braces", `,"files":["dist/**/*.{js,json}"]`, nil, "LICENSE README.md dist/index.js dist/package-lock.json dist/sub/a.js dist/sub/b.test.js package.json"},
		{"one of", `,"files":["dist/sub/@(a|c).js"]`, nil, "LICENSE README.md dist/sub/a.js package.json"},
		{"all but", `,"files":["dist/**/!(*.test.js)"]`, nil, "LICENSE README.md dist/LICENSE dist/index.js dist/package-lock.json dist/sub/a.js dist/sub/b.test.js package.json"},
		{"case does not count", `,"files":["DIST/SUB/*"]`, nil, "LICENSE README.md dist/sub/a.js dist/sub/b.test.js package.json"},
		{"a sequence, and what may be there", `,"files":["src/{a,b}.{ts,js}","test/t{1..3}.js","test/?(x)t.js"]`, nil, "LICENSE README.md package.json src/a.ts test/t.js"},
		{"no slash is at any depth of what is taken", `,"files":["*.js","dist"]`, nil, "LICENSE README.md bin.js main.js package.json " + dist},
		{"a file by its path cannot be taken back", `,"files":["dist/sub/a.js","!dist/**/*.js","dist/index.js"]`, nil, "LICENSE README.md dist/index.js dist/sub/a.js package.json"},
		{"braces take back", `,"files":["dist/**","!dist/{sub,LICENSE}"]`, nil, "LICENSE README.md dist/index.js dist/package-lock.json package.json"},
		{"folders elsewhere", `,"files":["../lib/src","."]`, nil, "LICENSE README.md package.json"},
		{"braces of an ignore file", "", map[string]string{"packages/lib/.npmignore": "*.{js,md,json}\ndist/\n"}, ".env .eslintrc LICENSE NOTICE README.md package.json src/a.ts"},
		{"one of some folders is ignored", "", map[string]string{"packages/lib/.npmignore": "@(dist|src|lib2)/"}, strings.ReplaceAll(rest, " lib2/i.js", "") + " .env test/t.js"},
		{"a file is taken back below what is ignored", "", map[string]string{"packages/lib/.npmignore": "*\n!dist/sub/a.js\n"}, "LICENSE README.md dist/sub/a.js package.json"},
		{
			"lists and sequences of an ignore file", "", map[string]string{"packages/lib/.npmignore": "dist/**/+(a|index|LICENSE)*\n{src,test}\nlib{1..3}\n.E*\n"},
			"CHANGELOG.md LICENSE NOTICE README.md bin.js dist/package-lock.json dist/sub/b.test.js main.js npm-shrinkwrap.json package.json",
		},
		{"case of an ignore file", "", map[string]string{"packages/lib/.npmignore": "DIST\n*.JSON\n"}, ".env .eslintrc CHANGELOG.md LICENSE NOTICE README.md bin.js lib2/i.js main.js package.json src/a.ts test/t.js"},
		{"browser and a folder of commands", `,"files":["src"],"browser":"dist/index.js","directories":{"bin":"./test"}`, nil, "LICENSE README.md package.json src/a.ts dist/index.js test/t.js"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"package.json": `{"workspaces":["packages/*"]}`, "packages/lib/package.json": `{"name":"lib","version":"1.0.0"` + c.member + `}`}
			for file := range strings.FieldsSeq(lib) {
				files["packages/lib/"+file] = "x"
			}
			maps.Copy(files, c.files)
			project := t.TempDir()
			for name, body := range files {
				name = filepath.Join(project, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := listed(t, filepath.Join(project, "packages", "lib"), project)
			want := strings.Fields(c.want)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// listed walks a folder as a packer does.
func listed(t *testing.T, folder, project string) []string {
	t.Helper()
	l, err := Read(folder, project)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == folder {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		keep := l.Keep(filepath.ToSlash(rel), d.IsDir())
		switch {
		case d.IsDir() && !keep:
			return filepath.SkipDir
		case !d.IsDir() && keep:
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil || l.Err() != nil {
		t.Fatal(err, l.Err())
	}
	slices.Sort(files)
	return files
}

func TestFolderElsewhereHasNothingAboveIt(t *testing.T) {
	t.Parallel()
	project, folder := t.TempDir(), t.TempDir()
	for name, body := range map[string]string{filepath.Join(project, ".gitignore"): "*.js\n", filepath.Join(folder, "i.js"): "", filepath.Join(folder, "package.json"): "{"} {
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := listed(t, folder, project); !slices.Equal(got, []string{"i.js", "package.json"}) {
		t.Errorf("got %q", got)
	}
}

func TestUnreadableIgnoreFileIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, ".npmignore"), []byte("[[:alpha:]]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Read(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	l.Keep("a.js", false)
	if l.Err() == nil {
		t.Error("a pattern that cannot be read is not an error")
	}
}

// TestPatternsOfFoldersTakeWhatIsInThem holds what "yarn pack" of 1.22 and 4 and "pnpm
// pack" of 9 take; npm takes nothing.
func TestPatternsOfFoldersTakeWhatIsInThem(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string][]string{
		`{dist,src}`: {"dist/x.js", "package.json", "src/y.js"},
		`d*`:         {"dist/x.js", "package.json"},
		`@(src|lib)`: {"package.json", "src/y.js"},
	} {
		folder := t.TempDir()
		for name, body := range map[string]string{"package.json": `{"files":["` + entry + `"]}`, "dist/x.js": "", "src/y.js": "", "z.js": ""} {
			name = filepath.Join(folder, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := listed(t, folder, ""); !slices.Equal(got, want) {
			t.Errorf("files of %q are %q, want %q", entry, got, want)
		}
	}
}

func TestPatternThatAsksForTooMuchIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "package.json"), []byte(`{"files":["{1..40}{1..40}"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(folder, ""); err == nil || !strings.Contains(err.Error(), "more than 1000 patterns") {
		t.Errorf("got %v", err)
	}
}
