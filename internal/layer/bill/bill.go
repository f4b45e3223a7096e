// Package bill gathers what a bill of materials says: what the zip of a layer holds,
// and what its lock names.
package bill

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Locked is what the lock of a zip names. All of it is empty for a zip without a
// lock, but the targets.
type Locked struct {
	Python    *python.Lock
	NodeJS    *nodejs.Lock
	Downloads []download.Lock
	Images    []image.Lock
	// Own are the files of the user, from their input and name, such as
	// "files:python/own", to a short digest of the whole tree.
	Own map[string]string
	// Targets are what requirements are judged for.
	Targets []runtimes.Target
}

// Parts returns the parts of a zip in the order of their keys: the distributions and
// packages that are in it, by their own metadata, and what its lock names.
func Parts(archive *filetree.Archive, files filetree.Tree, lock Locked) ([]sbom.Part, error) {
	b := &biller{lock: lock, parts: map[string]*sbom.Part{}, found: map[store.Digest]bool{}}
	if err := b.read(archive, files); err != nil {
		return nil, err
	}
	if err := b.addLocked(); err != nil {
		return nil, err
	}
	b.connect()
	var parts []sbom.Part
	for _, key := range slices.Sorted(maps.Keys(b.parts)) {
		p := b.parts[key]
		slices.Sort(p.Places)
		parts = append(parts, *p)
	}
	return parts, nil
}

// biller puts a bill together.
type biller struct {
	lock  Locked
	parts map[string]*sbom.Part // by key
	// installed are the distributions and packages in the zip.
	installed []installedPart
	// found are the wheels whose metadata are in the zip.
	found map[store.Digest]bool
}

// installedPart is a distribution or package in a folder of the zip.
type installedPart struct {
	key string
	// root is the folder that modules are found in; name is the one that others
	// require it by.
	root, name string
	python     python.Metadata
	// folder and needs are of a Node.js package.
	folder string
	needs  []string
}

// read finds the metadata in the zip.
func (b *biller) read(a *filetree.Archive, files filetree.Tree) error {
	distributions, err := python.DistributionsIn(a, files)
	if err != nil {
		return err
	}
	packages, err := nodejs.PackagesIn(a, files)
	if err != nil {
		return err
	}
	for i := range distributions {
		b.addDistribution(&distributions[i])
	}
	for i := range packages {
		if packages[i].Version != "" { // else a folder that is no package
			b.addPackage(&packages[i])
		}
	}
	return nil
}

// searched matches the folders of a layer, and of a function's code, that Python
// finds distributions in.
var searched = regexp.MustCompile(`^(|python|python/lib/python3\.[0-9]+/site-packages)$`)

// addDistribution adds a distribution.
func (b *biller) addDistribution(d *python.Distribution) {
	name := d.Metadata.Name
	_, known := b.parts[sbom.Key(sbom.KindPython, name, d.Version)]
	p := b.part(sbom.KindPython, name, d.Version)
	p.Vendored = p.Vendored || !known
	p.Description = d.Metadata.Description
	p.Licence = sbom.Licence{Expression: d.Metadata.LicenseExpression, Text: d.Metadata.License, Classifiers: d.Metadata.Classifiers}
	p.Places = append(p.Places, d.Info)
	if !searched.MatchString(d.Site) {
		return
	}
	p.Vendored = false
	b.installed = append(b.installed, installedPart{key: p.Key(), root: d.Site, name: d.Name, python: d.Metadata})
	if b.lock.Python == nil {
		return
	}
	for _, w := range b.lock.Python.Chosen.Wheels {
		if d.Metadata.Is(w.Name, w.Version) {
			addWheel(p, w.URL, w.SHA256)
			b.found[w.SHA256] = true
		}
	}
}

// addPackage adds a package of Node.js.
func (b *biller) addPackage(n *nodejs.InstalledPackage) {
	p := b.part(sbom.KindNodeJS, cmp.Or(n.About.Name, n.Name), n.Version)
	p.Description, p.Licence = n.About.Description, sbom.Licence{Expression: n.License}
	p.Places = append(p.Places, n.Folder)
	b.installed = append(b.installed, installedPart{key: p.Key(), name: n.Name, folder: n.Folder, needs: n.About.Needs})
}

// part returns the part of a key, which is made where it is not there yet.
func (b *biller) part(kind, name, version string) *sbom.Part {
	key := sbom.Key(kind, name, version)
	if b.parts[key] == nil {
		b.parts[key] = &sbom.Part{Kind: kind, Name: name, Version: version}
	}
	return b.parts[key]
}

// addWheel notes that a part was made of a wheel.
func addWheel(p *sbom.Part, url string, sum store.Digest) {
	p.Input = "python"
	addSource(p, sbom.Source{URL: url, Algorithm: "SHA-256", Digest: sum.Hex()})
}

func addSource(p *sbom.Part, s sbom.Source) {
	if !slices.Contains(p.Sources, s) {
		p.Sources = append(p.Sources, s)
	}
}

// addLocked adds what the lock names: the origin of what was found, and what has no
// metadata in the zip.
func (b *biller) addLocked() error {
	if b.lock.Python != nil {
		for _, w := range b.lock.Python.Chosen.Wheels {
			if !b.found[w.SHA256] {
				addWheel(b.part(sbom.KindPython, w.Name, w.Version), w.URL, w.SHA256)
			}
		}
	}
	if b.lock.NodeJS != nil {
		for _, t := range b.lock.NodeJS.Trees {
			for _, n := range t.Packages {
				p := b.part(sbom.KindNodeJS, n.Name, n.Version)
				p.Input = "nodejs"
				if n.Integrity == "" {
					continue // it came in the tarball of another
				}
				integrity, err := fetch.ParseIntegrity(n.Integrity)
				if err != nil {
					return fmt.Errorf("reading the lock: %w", err)
				}
				name, sum := integrity.First()
				addSource(p, sbom.Source{URL: n.URL.String(), Algorithm: strings.Replace(strings.ToUpper(name), "SHA", "SHA-", 1), Digest: hex.EncodeToString(sum)})
			}
		}
	}
	for i, d := range b.lock.Downloads {
		_, from, version := d.Brought()
		p := b.part(sbom.KindDownload, from, version)
		p.Input = fmt.Sprintf("downloads[%d]", i+d.Skipped)
		addSource(p, sbom.Source{URL: d.URL.String(), Algorithm: "SHA-256", Digest: d.SHA256.Hex()})
	}
	for i, image := range b.lock.Images {
		for _, pin := range image.Pins {
			p := b.part(sbom.KindImage, image.Image, "sha256:"+pin.Manifest.Hex())
			p.Input, p.Digest = fmt.Sprintf("images[%d]", i), pin.Manifest.Hex()
		}
	}
	for key, version := range b.lock.Own {
		input, name, _ := strings.Cut(key, ":")
		b.part(sbom.KindFile, name, version).Input = input
	}
	return nil
}

// connect says what requires what, and what nothing else requires.
func (b *biller) connect() {
	needed := map[string]bool{}
	folders := map[string]string{}
	for _, i := range b.installed {
		if i.folder != "" {
			folders[i.folder] = i.key
		}
	}
	for _, from := range b.installed {
		found := b.nodeNeeds(from, folders)
		if from.folder == "" {
			found = b.pythonNeeds(from)
		}
		p := b.parts[from.key]
		for _, key := range found {
			if key != from.key && !slices.Contains(p.Needs, key) {
				p.Needs = append(p.Needs, key)
				needed[key] = true
			}
		}
	}
	for key, p := range b.parts {
		p.Asked = !needed[key] && !p.Vendored
	}
	for _, from := range b.installed { // what the project names itself may be needed by others too
		if n := b.lock.NodeJS; n != nil && from.folder != "" && slices.Contains(n.Direct, from.name) && strings.Count("/"+from.folder, "/node_modules/") == 1 {
			b.parts[from.key].Asked = true
		}
	}
	b.reach()
}

// reach makes sure that every part follows from what was asked for: of parts that
// only require each other, the first is taken to be asked for.
func (b *biller) reach() {
	reached := map[string]bool{}
	var visit func(key string)
	visit = func(key string) {
		if !reached[key] {
			reached[key] = true
			for _, next := range b.parts[key].Needs {
				visit(next)
			}
		}
	}
	keys := slices.Sorted(maps.Keys(b.parts))
	for _, key := range keys {
		if b.parts[key].Asked {
			visit(key)
		}
	}
	for _, key := range keys {
		if p := b.parts[key]; !reached[key] && !p.Vendored {
			p.Asked = true
			visit(key)
		}
	}
}

// pythonNeeds returns the keys of the distributions that one requires. They lie in
// the same folder, or in the one that every version of Python reads.
func (b *biller) pythonNeeds(from installedPart) []string {
	lies := func(to installedPart) bool {
		return to.folder == "" && (to.root == from.root || to.root == "python" || from.root == "python")
	}
	there := func(name string) bool {
		return slices.ContainsFunc(b.installed, func(to installedPart) bool { return to.name == name && lies(to) })
	}
	var keys []string
	for _, name := range from.python.Needs(b.lock.Targets, there) {
		for _, to := range b.installed {
			if to.name == name && lies(to) {
				keys = append(keys, to.key)
			}
		}
	}
	return keys
}

// nodeNeeds returns the keys of the packages that one requires, as Node.js finds
// them: in its own node_modules, else in those above it.
func (b *biller) nodeNeeds(from installedPart, folders map[string]string) []string {
	var keys []string
	for _, name := range from.needs {
		for folder := from.folder; folder != "."; folder = path.Dir(folder) {
			if key := folders[path.Join(folder, "node_modules", name)]; key != "" {
				keys = append(keys, key)
				break
			}
		}
	}
	return keys
}
