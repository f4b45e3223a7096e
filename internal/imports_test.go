// Package internal holds the one law that spans all rooms: who may import whom.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/layerbuild/terraform-provider-layerbuild"

// rooms maps each room to the rooms it may import. A closet (a package below a
// room) belongs to its room and may be imported by that room alone.
var rooms = map[string][]string{
	"command":    {"provider", "layer", "container", "filetree", "invoke", "lint", "history", "sbom", "runtimes", "secret", "store"},
	"invoke":     {"container", "filetree", "runtimes"},
	"provider":   {"layer", "lifecycle", "publish", "s3object", "rollout", "lint", "history", "sbom", "fault", "release", "runtimes", "secret"},
	"history":    {},
	"lint":       {"filetree", "runtimes"},
	"layer":      {"python", "nodejs", "container", "layerzip", "audit", "native", "sbom", "fetch", "store", "filetree", "fault", "release", "runtimes", "secret"},
	"sbom":       {},
	"python":     {"fetch", "store", "filetree", "fault", "release", "runtimes", "secret", "jsonscan"},
	"nodejs":     {"fetch", "store", "filetree", "fault", "release", "runtimes", "secret", "jsonscan"},
	"container":  {"fetch", "store", "filetree", "fault", "runtimes", "secret"},
	"audit":      {"native", "filetree", "runtimes"},
	"layerzip":   {"filetree", "store"},
	"fetch":      {"backoff", "store", "filetree", "secret"},
	"lifecycle":  {},
	"publish":    {"backoff", "filetree", "lifecycle", "s3object", "rollout", "runtimes", "store", "secret"},
	"backoff":    {},
	"fault":      {},
	"s3object":   {},
	"filetree":   {},
	"jsonscan":   {},
	"native":     {},
	"release":    {},
	"rollout":    {"backoff", "runtimes"},
	"secret":     {},
	"store":      {},
	"runtimes":   {},
	"indextest":  {},
	"lambdatest": {},
}

// closets maps each closet to the closets of its room that it may import. The
// package of the room itself is above them all: it may import each, and none may
// import it.
var closets = map[string][]string{
	"command/page": {},

	"fetch/transport":         {},
	"filetree/ignore":         {},
	"filetree/leftout":        {},
	"filetree/xzwindow":       {},
	"lambdatest/wire":         {},
	"lambdatest/s3":           {"wire"},
	"lambdatest/signer":       {"wire", "s3"},
	"lambdatest/ssm":          {"wire"},
	"lambdatest/codeartifact": {"wire"},
	"lambdatest/sts":          {"wire"},

	"layer/segment":         {},
	"layer/codeartifact":    {},
	"layer/inspect":         {},
	"layer/download":        {"segment"},
	"layer/local":           {"segment"},
	"layer/image":           {"segment", "local"},
	"layer/bill":            {"download", "image"},
	"layer/prune":           {},
	"layer/judge":           {"segment", "prune"},
	"nodejs/semver":         {},
	"nodejs/manifest":       {"glob", "semver"},
	"nodejs/modules":        {"manifest"},
	"nodejs/tarball":        {},
	"nodejs/imports":        {},
	"nodejs/glob":           {},
	"nodejs/packlist":       {"glob"},
	"nodejs/overrides":      {"manifest", "semver"},
	"nodejs/placement":      {"manifest", "semver", "overrides"},
	"nodejs/registry":       {"manifest", "tarball", "semver"},
	"nodejs/locked":         {"registry", "manifest", "modules", "semver"},
	"nodejs/lockfile":       {"locked", "registry", "manifest", "modules", "semver"},
	"provider/attributes":   {"diagnostic", "values"},
	"provider/built":        {"attributes", "values"},
	"provider/datasources":  {"attributes", "diagnostic", "findings", "toolbox", "values"},
	"provider/diagnostic":   {},
	"provider/findings":     {"attributes"},
	"provider/functions":    {"diagnostic", "values"},
	"provider/objects":      {"attributes", "built", "diagnostic", "toolbox", "values"},
	"provider/packages":     {"attributes", "diagnostic", "findings", "toolbox", "values"},
	"provider/rollouts":     {"attributes", "diagnostic", "toolbox", "values"},
	"provider/steps":        {"diagnostic"},
	"provider/toolbox":      {"diagnostic"},
	"provider/values":       {},
	"provider/versions":     {"attributes", "built", "diagnostic", "findings", "steps", "toolbox", "values", "versionstate"},
	"provider/versionstate": {"attributes", "built", "diagnostic", "findings", "toolbox", "values"},
	"publish/awsclient":     {},
	"publish/policy":        {"awsclient"},
	"publish/upload":        {"awsclient"},
	"publish/s3cache":       {"awsclient", "upload"},
	"publish/functions":     {"awsclient"},
	"publish/parameter":     {"awsclient"},
	"publish/signing":       {"awsclient", "upload"},
	"python/pep440":         {},
	"python/pythontest":     {"pep508", "wheel"},
	"python/pep508":         {"pep440"},
	"python/backend":        {},
	"python/sdist":          {"pep440", "pep508", "backend"},
	"python/wheel":          {"pep440", "pep508", "sdist"},
	"python/imports":        {},
	"python/index":          {"pep440", "pep508", "wheel", "sdist"},
	"python/resolve":        {"pep440", "pep508", "wheel", "index", "sdist"},
	"python/configuration":  {"pep508", "wheel", "index"},
	"python/lockfile":       {"pep440", "pep508", "wheel", "index", "configuration", "sdist", "backend"},
}

// testRooms may be imported by test files only, of any room.
var testRooms = []string{"indextest", "lambdatest"}

// testClosets may be imported by test files of their room only.
var testClosets = []string{"python/pythontest"}

// outside maps an import path prefix to the rooms that may use it in code that
// ships. No room stands for "nowhere".
var outside = map[string][]string{
	"net/http":                 {"fetch", "invoke", "indextest", "lambdatest"},
	"os/exec":                  {"invoke", "lambdatest"},
	"github.com/hashicorp/":    {"provider", "publish", "lint", "command"},
	"github.com/zclconf/":      {"lint", "command"},
	"github.com/alecthomas/":   {"command"},
	"github.com/aws/":          {"publish"},
	"github.com/klauspost/":    {"filetree", "layerzip", "nodejs"},
	"github.com/bmatcuk/":      {"filetree"},
	"github.com/pelletier/":    {"python"},
	"github.com/ulikunitz/":    {"filetree"},
	"github.com/google/":       {"container"},
	"github.com/CycloneDX/":    {"sbom"},
	"github.com/github/":       {"sbom"},
	"github.com/package-url/":  {"sbom"},
	"github.com/moby/":         {"container"},
	"github.com/containerd/":   {"container"},
	"go.yaml.in/":              {"nodejs"},
	"google.golang.org/":       {"container"},
	"golang.org/x/net/html":    {"python"},
	"golang.org/x/sync":        {"fetch", "python", "nodejs", "layer", "publish"},
	"golang.org/x/sys":         {"store", "layerzip"},
	"golang.org/x/tools/txtar": {"indextest"},
}

// terraformOnly are the HashiCorp modules that publish must not use: it may
// use aws-sdk-go-base alone.
const terraformOnly = "github.com/hashicorp/terraform-plugin"

func TestImportsFollowTheMap(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	known := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".go" {
			return err
		}
		dir := path.Dir(filepath.ToSlash(file))
		if dir == "." {
			return nil
		}
		room, _, _ := strings.Cut(dir, "/")
		seen[room] = true
		known[dir] = true
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if fault := judge(dir, imported, strings.HasSuffix(file, "_test.go")); fault != "" {
				t.Errorf("%s imports %q: %s", file, imported, fault)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range known {
		if _, ok := closets[dir]; !ok && strings.Contains(dir, "/") {
			t.Errorf("closet %q is not on the map: add it to ARCHITECTURE.md and here", dir)
		}
	}
	for dir := range closets {
		if !known[dir] {
			t.Errorf("closet %q is on the map and not in the house", dir)
		}
	}
	for room := range seen {
		if _, ok := rooms[room]; !ok {
			t.Errorf("room %q is not on the map: add it to ARCHITECTURE.md and here, or find its code a room", room)
		}
	}
}

// judge returns the fault of an import in a directory below internal, or "". Test
// files may use any outside package and the test rooms, but keep to the maps of
// rooms and closets.
func judge(dir, imported string, test bool) string {
	room, _, _ := strings.Cut(dir, "/")
	if rest, ok := strings.CutPrefix(imported, module+"/internal/"); ok {
		target, closet, _ := strings.Cut(rest, "/")
		switch {
		case slices.Contains(testClosets, rest):
			if test && target == room {
				return ""
			}
			return "a test closet, used by code that ships or by another room"
		case target == room:
			return judgeCloset(dir, closet)
		case slices.Contains(testRooms, target):
			if test {
				return ""
			}
			return "a test room, used by code that ships"
		case closet != "":
			return "a closet of another room"
		case !slices.Contains(rooms[room], target):
			return room + " may not import " + target
		}
		return ""
	}
	if test {
		return ""
	}
	if room != "provider" && strings.HasPrefix(imported, terraformOnly) {
		return "only provider names Terraform"
	}
	for prefix, allowed := range outside {
		if imported == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(imported, strings.TrimSuffix(prefix, "/")+"/") {
			if !slices.Contains(allowed, room) {
				return "not for room " + room
			}
			return ""
		}
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return "an outside package that is not on the map"
	}
	return ""
}

// judgeCloset returns the fault of an import within a room.
func judgeCloset(dir, closet string) string {
	if _, within, _ := strings.Cut(dir, "/"); within == "" || within == closet || slices.Contains(closets[dir], closet) {
		return ""
	}
	if closet == "" {
		return "a closet may not import its room"
	}
	return dir + " may not import the closet " + closet
}

func TestJudgeNamesPlantedFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dir, imported string
		test, fault   bool
	}{
		{"layerzip", "net/http", false, true},
		{"fetch", "net/http", false, false},
		{"python", "os/exec", false, true},
		{"layer", module + "/internal/python/pep440", false, true},
		{"python", module + "/internal/python/pep440", false, false},
		{"python", module + "/internal/layerzip", false, true},
		{"layer", module + "/internal/python", false, false},
		{"publish", "github.com/hashicorp/terraform-plugin-log/tflog", false, true},
		{"publish", "github.com/hashicorp/aws-sdk-go-base/v2", false, false},
		{"layer", "github.com/aws/aws-sdk-go-v2/aws", false, true},
		{"python", module + "/internal/indextest", true, false},
		{"python", module + "/internal/indextest", false, true},
		{"store", "example.com/new/module", false, true},
		{"nodejs", module + "/internal/nodejs/lockfile", false, false},
		{"nodejs/lockfile", module + "/internal/nodejs/registry", false, false},
		{"nodejs/registry", module + "/internal/nodejs/lockfile", false, true},
		{"nodejs/registry", module + "/internal/nodejs", true, true},
		{"nodejs/registry", module + "/internal/fetch", false, false},
		{"nodejs/registry", "net/http", false, true},
		{"python/index", module + "/internal/python/pythontest", true, false},
		{"python/index", module + "/internal/python/pythontest", false, true},
		{"nodejs", module + "/internal/python/pythontest", true, true},
	} {
		if got := judge(c.dir, c.imported, c.test) != ""; got != c.fault {
			t.Errorf("judge(%q, %q, test=%t) found a fault: %t, want %t", c.dir, c.imported, c.test, got, c.fault)
		}
	}
}
