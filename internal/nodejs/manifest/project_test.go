package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFiles writes files into a new folder and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadProjectFindsMembers(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"apps/web/package.json":                 `{"name":"web"}`,
		"apps/deep/api/package.json":            `{"name":"api"}`,
		"apps/deep/node_modules/x/package.json": `{"name":"x"}`,
		"apps/skip/package.json":                `{"name":"skip"}`,
		"libs/a/package.json":                   `{}`,
		"libs/empty/readme":                     ``,
	}
	for name, c := range map[string]struct {
		workspaces string
		want       []string
	}{
		"one level":     {`["apps/*"]`, []string{"apps/skip", "apps/web"}},
		"any level":     {`["apps/**"]`, []string{"apps/deep/api", "apps/skip", "apps/web"}},
		"taken back":    {`["apps/**","!apps/skip","./libs/a/"]`, []string{"apps/deep/api", "apps/web", "libs/a"}},
		"yarn's object": {`{"packages":["libs/*"]}`, []string{"libs/a"}},
		"none":          {`["other/*"]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, files)
			file := filepath.Join(dir, "package.json")
			if err := os.WriteFile(file, []byte(`{"workspaces":`+c.workspaces+`}`), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := ReadProject(file)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(p.Members, c.want) {
				t.Errorf("got the members %q, want %q", p.Members, c.want)
			}
		})
	}
}

// TestMembersAreThoseOfNpm holds what npm 11.19.1 finds (@npmcli/map-workspaces).
func TestMembersAreThoseOfNpm(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for folder := range strings.FieldsSeq("packages packages/api packages/web packages/docs packages/api/sub .config/a packages/.hid deep/x/y") {
		files[folder+"/package.json"] = "{}"
	}
	dir := writeFiles(t, files)
	for _, c := range []struct{ patterns, want string }{
		{"packages/{api,web}", "packages/api packages/web"},
		{"packages/!(docs)", "packages/api packages/web"},
		{"packages/+(api|web)", "packages/api packages/web"},
		{".config/*", ".config/a"},
		{"./.config/{a,b}", ".config/a"},
		{"packages/.*", "packages/.hid"},
		{"packages/{.hid,w*}", "packages/.hid packages/web"},
		{"./packages/@(a*|w?b)/", "packages/api packages/web"},
		{"/packages/api", "packages/api"},
		{"packages/../packages/api", "packages/api"},
		{`packages\api`, "packages/api"},
		{"Packages/api", ""},
		{"../ws/packages/api", ""},
		{"**", "deep/x/y packages packages/api packages/api/sub packages/docs packages/web"},
		{"deep/** packages/?(api)", "deep/x/y packages/api"},
		{"!!packages/api", "packages/api"},
		{"packages/* !packages/docs", "packages/api packages/web"},
		{"!packages/docs packages/*", "packages/api packages/web"},
		{"packages/* !packages/{api,web}", "packages/docs"},
		{"packages/** !packages/*", ""},
		{"packages/* !packages/** packages/web", "packages/api packages/docs packages/web"},
		{"packages/docs !packages/docs packages/*", "packages/api packages/web"},
		{"packages/* !**/web", "packages/api packages/docs"},
	} {
		got, _, err := FindMembers(dir, strings.Fields(c.patterns))
		if err != nil || !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("FindMembers(%q) = %q, %v, want %q", c.patterns, got, err, c.want)
		}
	}
	if _, _, err := FindMembers(dir, []string{"packages/[[:alpha:]]*"}); err == nil {
		t.Error("a pattern that cannot be read is not an error")
	}
}

func TestPatternsThatNameNoFolderAreTold(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"packages/api/package.json": "{}", "apps/readme": ""})
	const tells = " in workspaces of package.json names no folder with a package.json: no member is packed for it"
	for patterns, want := range map[string][]string{
		"packages/*":                   nil,
		"packages/* !packages/api":     nil,
		"packages/* !libs/*":           nil,
		"apps/* packages/*":            {`"apps/*"` + tells},
		"./packages/{web,docs}/ !apps": {`"packages/{web,docs}/"` + tells},
		"packages/!(api) libs":         {`"packages/!(api)"` + tells, `"libs"` + tells},
	} {
		if _, notes, err := FindMembers(dir, strings.Fields(patterns)); err != nil || !slices.Equal(notes, want) {
			t.Errorf("%q: got the notes %q, %v", patterns, notes, err)
		}
	}
}

// TestPatternsOfMembersEnd has patterns that a search through every choice would never
// be done with.
func TestPatternsOfMembersEnd(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("a/", 40)
	dir := writeFiles(t, map[string]string{deep + "package.json": `{}`, "packages/x/package.json": `{}`, "package.json": `{}`})
	stars := strings.Repeat("**/", 40)
	for pattern, want := range map[string][]string{
		stars + "y":                        nil,
		stars + "x":                        {"packages/x"},
		stars:                              {strings.TrimSuffix(deep, "/"), "packages/x"},
		strings.Repeat("**/*/", 40) + "**": {strings.TrimSuffix(deep, "/")},
		"**/packages/**":                   {"packages/x"},
		"packages/**/x":                    {"packages/x"},
		"packages/*":                       {"packages/x"},
		"packages":                         nil,
		"*":                                nil,
	} {
		got, _, err := FindMembers(dir, []string{pattern})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("FindMembers(%.20q) = %q, %v, want %q", pattern, got, err, want)
		}
	}
}

func TestReadProjectReadsOverridesInOrder(t *testing.T) {
	t.Parallel()
	p, _, err := ParseProject([]byte(`{"overrides":{"z":"1","a@^2":{".":"2.1.0","z":"$z","m":{"q":""}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Overrides) != 2 || p.Overrides[0].Key != "z" || p.Overrides[0].Value != "1" {
		t.Fatalf("got %+v, want z first", p.Overrides)
	}
	a := p.Overrides[1]
	if a.Key != "a@^2" || a.Value != "2.1.0" || len(a.Below) != 2 || a.Below[0].Value != "$z" || a.Below[1].Key != "m" {
		t.Errorf("got %+v, want a@^2 with z and m below", a)
	}
	if q := a.Below[1].Below; len(q) != 1 || q[0].Value != "*" {
		t.Errorf("got %+v, want an empty text as *", q)
	}
}

func TestReadProjectNamesTheFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"absent":       {"other.json", `{}`, "package.json"},
		"no object":    {"package.json", `[]`, "package.json"},
		"an override":  {"package.json", `{"overrides":{"a":1}}`, `override of "a"`},
		"bad override": {"package.json", `{"overrides":{"a":{"b":[]}}}`, `override of "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, map[string]string{c.file: c.text})
			if _, err := ReadProject(filepath.Join(dir, "package.json")); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got the error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestUnreadableProjectsNameThePlace reads what a person wrote by hand.
func TestUnreadableProjectsNameThePlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\n  \"dependencies\": {\n    \"a\": \"1\",\n  }\n}\n": `: line 4, column 3: invalid character '}' looking for beginning of object key string`,
		"\ufeff{\"name\": \"a\" // why\n}":                      `: line 1, column 14: invalid character '/' after object key:value pair`,
		"{\"dependencies\": {\"a\": \"1\"}":                     `: it ends before it is complete`,
	} {
		name := filepath.Join(t.TempDir(), "package.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadProject(name); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %q at the end", text, err, want)
		}
	}
}

// TestProjectsOfTheWrongForm: npm 11 stops at each that is refused here but for numbers
// and booleans in place of an object, of which it drops all.
func TestProjectsOfTheWrongForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"dependencies":["lodash"]}`:                         `"dependencies" is a list: write an object of names and ranges, such as {"lodash": "^4.17.21"}`,
		`{"devDependencies":"lodash"}`:                        `"devDependencies" is a string: write an object`,
		`{"peerDependencies":5}`:                              `"peerDependencies" is a number: write an object`,
		`{"optionalDependencies":true}`:                       `"optionalDependencies" is a boolean: write an object`,
		`{"dependencies":{"lodash":4,"ms":"2"}}`:              `"dependencies" has a number for "lodash": write a range as a string, such as "^1.2.3"`,
		`{"dependencies":{"lodash":null}}`:                    `"dependencies" has null for "lodash"`,
		`{"dependencies":{"lodash":{"version":"4"}}}`:         `"dependencies" has an object for "lodash"`,
		`{"dependencies":{"a":1},"devDependencies":{"b":[]}}`: "\"dependencies\" has a number for \"a\": write a range as a string, such as \"^1.2.3\"\n\"devDependencies\" has a list for \"b\"",
		`{"workspaces":"packages/*"}`:                         `"workspaces" is a string: write a list of patterns, such as ["packages/*"]`,
		`{"workspaces":[5]}`:                                  `"workspaces" has a number among its patterns`,
		`{"workspaces":{"packages":"a"}}`:                     `"packages" of "workspaces" is a string: write a list`,
		`{"dependencies":{},"workspaces":null}`:               "",
		`{"dependencies":null,"devDependencies":[]}`:          "",
		`{"workspaces":{"nohoist":["a"]}}`:                    "",
		"\ufeff" + `{"dependencies":{"a":""}}`:                "",
	} {
		dir := writeFiles(t, map[string]string{"package.json": text, "up/package.json": `{"dependencies":{"m":"file:m"}}`, "up/m/package.json": text})
		for _, name := range []string{"package.json", "up/package.json"} { // of the project, and of a folder that it names
			_, err := ReadProject(filepath.Join(dir, name))
			if name != "package.json" && strings.Contains(want, "workspaces") {
				continue // those of a folder are its own
			}
			if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %s: got %v, want %q", name, text, err, want)
			}
		}
	}
}
