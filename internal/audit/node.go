package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// nodeFallbacks are packages whose addon only makes them faster: their own code
// takes the place of one that is not there.
var nodeFallbacks = []string{"bufferutil", "utf-8-validate", "bigint-buffer", "keccak", "secp256k1"}

// nodeAddons finds the addons that Node.js packages load on the target.
func (j *judgement) nodeAddons() {
	abi, ok := j.target.NodeABI()
	if !ok {
		return
	}
	packages := map[string][]string{}
	for _, name := range j.native {
		if folder, ok := nodePackage(name); ok && !j.silent[name] && strings.HasSuffix(name, ".node") {
			packages[folder] = append(packages[folder], name)
		}
	}
	for _, folder := range slices.Sorted(keys(packages)) {
		addons := packages[folder]
		for _, name := range addons {
			j.silent[name] = true
		}
		if usesGypBuild(folder, addons) {
			j.prebuilds(folder, addons, abi)
			continue
		}
		j.addons(addons, abi)
	}
}

// nodePackage returns the folder of the package that a file belongs to, such as
// "nodejs/node_modules/@img/sharp-linux-x64".
func nodePackage(name string) (string, bool) {
	i := strings.LastIndex("/"+name, "/node_modules/")
	if i < 0 {
		return "", false
	}
	start := i + len("node_modules/")
	parts := strings.SplitN(name[start:], "/", 3)
	switch {
	case len(parts) == 3 && strings.HasPrefix(parts[0], "@"):
		return name[:start] + parts[0] + "/" + parts[1], true
	case len(parts) >= 2 && !strings.HasPrefix(parts[0], "@"):
		return name[:start] + parts[0], true
	}
	return "", false
}

// packageName returns the name of the package in a folder.
func packageName(folder string) string {
	return folder[strings.LastIndex("/"+folder, "/node_modules/")+len("node_modules/"):]
}

// prebuild is an addon where node-gyp-build 4.8 looks for it:
// prebuilds/linux-x64/name.abi127.glibc.node.
type prebuild struct {
	file                         string
	platform                     string
	cpus                         []string
	runtime, abi, uv, armv, libc string
	napi                         bool
	specific                     int
}

// prebuildOf reads the tags in the name of an addon.
func prebuildOf(folder, file string) (prebuild, bool) {
	rest, ok := strings.CutPrefix(file, folder+"/prebuilds/")
	tuple, name, found := strings.Cut(rest, "/")
	platform, cpus, parted := strings.Cut(tuple, "-")
	if !ok || !found || !parted || strings.Contains(name, "/") {
		return prebuild{}, false
	}
	if !slices.Contains([]string{"linux", "darwin", "win32", "android", "freebsd", "openbsd", "ios", "sunos", "aix"}, platform) {
		return prebuild{}, false
	}
	p := prebuild{file: file, platform: platform, cpus: strings.Split(cpus, "+")}
	tags := strings.Split(name, ".")
	if tags[len(tags)-1] != "node" {
		return prebuild{}, false
	}
	for _, tag := range tags[:len(tags)-1] {
		switch {
		case tag == "node" || tag == "electron" || tag == "node-webkit":
			p.runtime = tag
		case tag == "napi":
			p.napi = true
		case strings.HasPrefix(tag, "abi"):
			p.abi = tag[3:]
		case strings.HasPrefix(tag, "uv"):
			p.uv = tag[2:]
		case strings.HasPrefix(tag, "armv"):
			p.armv = tag[4:]
		case tag == "glibc" || tag == "musl":
			p.libc = tag
		default:
			continue
		}
		p.specific++
	}
	return p, true
}

// usesGypBuild reports whether a package lays its addons out for node-gyp-build. One
// with folders of other names beside, such as "linuxglibc-x64", has a loader of
// its own.
func usesGypBuild(folder string, addons []string) bool {
	found := false
	for _, name := range addons {
		if !strings.HasPrefix(name, folder+"/prebuilds/") {
			continue
		}
		if _, ok := prebuildOf(folder, name); !ok {
			return false
		}
		found = true
	}
	return found
}

// matches reports whether node-gyp-build takes the prebuild on a runtime.
func (p prebuild) matches(cpu string, abi int) bool {
	switch {
	case p.platform != "linux" || !slices.Contains(p.cpus, cpu),
		p.runtime != "" && p.runtime != "node",
		p.abi != "" && p.abi != strconv.Itoa(abi) && !p.napi,
		p.uv != "" && p.uv != "1",
		p.armv != "" && (cpu != "arm64" || p.armv != "8"),
		p.libc != "" && p.libc != "glibc":
		return false
	}
	return true
}

// pickPrebuild returns the addon that node-gyp-build loads: what was built in
// the package, else the most specific prebuild of the folder with the fewest
// architectures.
func pickPrebuild(folder string, addons []string, cpu string, abi int) (string, bool) {
	var fitting []prebuild
	for _, name := range addons {
		if rest, ok := strings.CutPrefix(name, folder+"/build/Release/"); ok && !strings.Contains(rest, "/") {
			return name, true
		}
		if p, ok := prebuildOf(folder, name); ok && p.matches(cpu, abi) {
			fitting = append(fitting, p)
		}
	}
	if len(fitting) == 0 {
		return "", false
	}
	best := slices.MinFunc(fitting, func(a, b prebuild) int {
		byABI := 0
		if a.abi != b.abi {
			byABI = 1
			if a.abi != "" {
				byABI = -1
			}
		}
		return cmp.Or(cmp.Compare(len(a.cpus), len(b.cpus)), byABI, cmp.Compare(b.specific, a.specific), cmp.Compare(a.file, b.file))
	})
	return best.file, true
}

func (j *judgement) cpu() string {
	if j.target.Architecture == runtimes.ARM64 {
		return "arm64"
	}
	return "x64"
}

// prebuilds judges the addon that node-gyp-build picks.
func (j *judgement) prebuilds(folder string, addons []string, abi int) {
	picked, ok := pickPrebuild(folder, addons, j.cpu(), abi)
	if ok {
		delete(j.silent, picked)
		j.roots[picked] = role{weight: needed, fatal: Error}
		j.otherABI([]string{picked}, abi, Error)
		return
	}
	if slices.Contains(nodeFallbacks, packageName(folder)) {
		return
	}
	var for64 []string
	for _, name := range addons {
		if p, ok := prebuildOf(folder, name); ok && p.platform == "linux" && slices.Contains(p.cpus, j.cpu()) {
			for64 = append(for64, name)
		}
	}
	has := fmt.Sprintf("None of its prebuilds is for linux-%s.", j.cpu())
	if len(for64) > 0 {
		has = fmt.Sprintf("Its prebuilds for linux-%s are for %s.", j.cpu(), nodeVersions(folder, for64))
	}
	j.add(one{
		check: Native, severity: Warning, cause: "prebuild " + folder, origin: j.origin(addons[0]), target: j.target.String(),
		summary: func(*Finding) string {
			return fmt.Sprintf("The package %q brings no native code for some of the runtimes", packageName(folder))
		},
		need: fmt.Sprintf("node-gyp-build looks for prebuilds/linux-%s/*.node that Node.js %s loads (NODE_MODULE_VERSION %d).", j.cpu(), j.target.Version, abi),
		has:  has, way: "Use a version of the package that has one, or drop the runtime from the layer; where the package works without, set checks = { native = \"warning\" } or \"off\".",
	})
}

// nodeVersions lists what prebuilds are for.
func nodeVersions(folder string, addons []string) string {
	var out []string
	for _, name := range addons {
		p, _ := prebuildOf(folder, name)
		text := "musl"
		if n, err := strconv.Atoi(p.abi); err == nil && p.libc != "musl" {
			text = cmp.Or(runtimes.NodeOfABI(n), "ABI "+p.abi)
			if runtimes.NodeOfABI(n) != "" {
				text = "Node.js " + text
			}
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// addons judges the addons of a package whose loader is not known: as long as
// one of them can be loaded, it is taken to be the one.
func (j *judgement) addons(addons []string, abi int) {
	var fitting, sameABI []string
	for _, name := range addons {
		f := j.facts(name)
		if j.unfit(f) != "" {
			continue
		}
		fitting = append(fitting, name)
		if f.NodeABI == 0 || f.NAPI && f.NodeABI == 0 || f.NodeABI == abi {
			sameABI = append(sameABI, name)
		}
	}
	switch {
	case len(fitting) == 0:
		for _, name := range addons {
			severity := Error
			if f := j.facts(name); f.Kind != native.ELF {
				severity = Warning
			}
			j.reached[name] = true
			j.foreign(name, role{weight: needed, fatal: severity}, j.unfit(j.facts(name)))
		}
		return
	case len(sameABI) == 0:
		j.otherABI(fitting, abi, Warning)
		return
	}
	if slices.ContainsFunc(sameABI, j.clean) {
		for _, name := range sameABI {
			j.reached[name] = true
			for _, file := range j.load(name).files {
				j.reached[file] = true
			}
		}
		return
	}
	for _, name := range sameABI {
		delete(j.silent, name)
		j.roots[name] = role{weight: needed, fatal: Error}
	}
}

// clean reports whether nothing is found to be wrong with a root.
func (j *judgement) clean(root string) bool {
	trial := &judgement{linker: j.linker, reached: map[string]bool{}}
	shared := *j.auditor
	shared.found = nil
	trial.auditor = &shared
	trial.judgeRoot(root, role{weight: needed, fatal: Error})
	return !slices.ContainsFunc(shared.found, func(o one) bool { return o.severity != Note })
}

// otherABI tells of addons for other versions of Node.js alone.
func (j *judgement) otherABI(addons []string, abi int, severity Severity) {
	for _, name := range addons {
		f := j.facts(name)
		if f.NodeABI == 0 || f.NodeABI == abi || f.Kind != native.ELF {
			continue
		}
		j.add(one{
			check: Native, severity: severity, cause: fmt.Sprintf("node abi %s", j.target.ID), file: name, target: j.target.String(),
			summary: titled(fmt.Sprintf("is for other versions of Node.js than %s", j.target.ID)),
			need:    fmt.Sprintf("It is compiled for NODE_MODULE_VERSION %d%s.", f.NodeABI, nodeText(f.NodeABI)), has: fmt.Sprintf("%s loads %d and Node-API.", j.target.ID, abi),
			way: "Build it for the version of the runtime, or use a version of the package that has such a build.",
		})
	}
}

func nodeText(abi int) string {
	if version := runtimes.NodeOfABI(abi); version != "" {
		return " (Node.js " + version + ")"
	}
	return ""
}
