package configuration

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// uvSettings are uv's settings of one level or of several, the strongest first.
type uvSettings struct {
	indexes []uvIndex
	// named are indexes that only a source may name.
	named   []uvIndex
	links   []string
	noIndex string // "true", "false" or "" for not set
	sources map[string][]uvBinding
}

// uvIndex is an entry of [[index]], or what a variable says in its place.
type uvIndex struct {
	Name     string `toml:"name"`
	URL      string `toml:"url"`
	Default  bool   `toml:"default"`
	Explicit bool   `toml:"explicit"`
	Format   string `toml:"format"`
}

// uvBinding is an element of tool.uv.sources that names an index.
type uvBinding struct{ Index, Marker string }

// uvOptions is uv.toml, or the table tool.uv of pyproject.toml.
type uvOptions struct {
	Index         []uvIndex      `toml:"index"`
	IndexURL      string         `toml:"index-url"`
	ExtraIndexURL []string       `toml:"extra-index-url"`
	FindLinks     []string       `toml:"find-links"`
	NoIndex       *bool          `toml:"no-index"`
	Sources       map[string]any `toml:"sources"`
}

// over returns the settings with those of a weaker level behind them.
func (u uvSettings) over(weaker uvSettings) uvSettings {
	sources := u.sources
	if len(sources) == 0 {
		sources = weaker.sources
	}
	return uvSettings{
		indexes: slices.Concat(u.indexes, weaker.indexes),
		named:   slices.Concat(u.named, weaker.named),
		links:   slices.Concat(u.links, weaker.links),
		noIndex: cmp.Or(u.noIndex, weaker.noIndex),
		sources: sources,
	}
}

// extra returns the indexes that serve any name, but the default one. Of two
// with one name the first counts.
func (u uvSettings) extra() []index.Index {
	var indexes []index.Index
	seen := map[string]bool{}
	for _, x := range u.indexes {
		if x.Name != "" && seen[x.Name] {
			continue
		}
		seen[x.Name] = true
		if !x.Default && !x.Explicit {
			indexes = append(indexes, index.Index{URL: x.URL})
		}
	}
	return indexes
}

// base returns the address of the default index, or "".
func (u uvSettings) base() string {
	for _, x := range u.indexes {
		if x.Default && !x.Explicit {
			return x.URL
		}
	}
	return ""
}

// accounts returns the addresses that have credentials.
func (u uvSettings) accounts() []string {
	var addresses []string
	for _, x := range slices.Concat(u.indexes, u.named) {
		if WithoutUser(x.URL) != x.URL {
			addresses = append(addresses, x.URL)
		}
	}
	return addresses
}

// bound returns an index for each package that a source binds to one.
func (u uvSettings) bound(targets []wheel.Target) ([]index.Index, error) {
	var indexes []index.Index
	for _, name := range slices.Sorted(maps.Keys(u.sources)) {
		for _, source := range u.sources[name] {
			holds, err := source.holds(targets)
			if err != nil {
				return nil, fmt.Errorf("reading the source of %q in tool.uv.sources: %w", name, err)
			}
			if !holds {
				continue
			}
			all := slices.Concat(u.indexes, u.named)
			at := slices.IndexFunc(all, func(x uvIndex) bool { return x.Name == source.Index })
			if at < 0 {
				return nil, fmt.Errorf("reading the source of %q in tool.uv.sources: there is no index %q: write a [[tool.uv.index]] with that name", name, source.Index)
			}
			indexes = append(indexes, index.Index{URL: all[at].URL, Packages: []string{name}})
		}
	}
	return indexes, nil
}

// holds reports whether the source counts for one of the targets.
func (s uvBinding) holds(targets []wheel.Target) (bool, error) {
	if s.Marker == "" || len(targets) == 0 {
		return true, nil
	}
	m, err := pep508.ParseMarker(s.Marker)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(targets, func(t wheel.Target) bool { return m.Eval(t.Env(), "") }), nil
}

// uvVariables returns what uv's variables say.
func uvVariables(getenv func(string) string) uvSettings {
	var u uvSettings
	for entry := range strings.FieldsSeq(getenv("UV_INDEX") + " " + getenv("UV_EXTRA_INDEX_URL")) {
		u.indexes = append(u.indexes, namedIndex(entry, getenv))
	}
	if entry := firstSet(getenv("UV_DEFAULT_INDEX"), getenv("UV_INDEX_URL")); entry != "" {
		x := namedIndex(strings.TrimSpace(entry), getenv)
		x.Default = true
		u.indexes = append(u.indexes, x)
	}
	u.links = strings.FieldsFunc(getenv("UV_FIND_LINKS"), func(r rune) bool { return r == ',' })
	return u
}

// namedIndex reads uv's form "name=https://…", and an address alone.
func namedIndex(entry string, getenv func(string) string) uvIndex {
	x := uvIndex{URL: entry}
	if name, address, ok := strings.Cut(entry, "="); ok && !strings.ContainsAny(name, ":/?") {
		x.Name, x.URL = name, address
	}
	return x.withLogin(getenv)
}

// withLogin puts UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD into the
// address.
func (x uvIndex) withLogin(getenv func(string) string) uvIndex {
	if x.Name == "" {
		return x
	}
	variable := "UV_INDEX_" + VariableName(x.Name)
	x.URL = WithUser(x.URL, getenv(variable+"_USERNAME"), getenv(variable+"_PASSWORD"))
	return x
}

// readUVConfiguration returns what uv's files say: those of the project, the
// user and the system, or UV_CONFIG_FILE in their place.
func readUVConfiguration(getenv func(string) string, project string) (uvSettings, error) {
	if truth(getenv("UV_NO_CONFIG")) {
		return uvSettings{}, nil
	}
	if own := getenv("UV_CONFIG_FILE"); own != "" {
		var content uvOptions
		found, err := readTOML(own, &content)
		if err == nil && !found {
			err = fmt.Errorf("reading uv's configuration: there is no file %q, which UV_CONFIG_FILE names", own)
		}
		return content.settings(filepath.Dir(own), getenv), err
	}
	var all uvSettings
	if project != "" {
		var err error
		if all, err = readUVProject(project, getenv); err != nil {
			return uvSettings{}, err
		}
	}
	for _, name := range uvConfigurationFiles(getenv, runtime.GOOS) {
		var content uvOptions
		_, err := readTOML(name, &content)
		if _, unreadable := errors.AsType[*fs.PathError](err); err != nil && !unreadable { // unreadable ones as uv does
			return uvSettings{}, err
		}
		all = all.over(content.settings(filepath.Dir(name), getenv))
	}
	return all, nil
}

// readUVProject returns what the files of a project say. A uv.toml takes the
// place of tool.uv, but for the sources, which no uv.toml has, and the indexes
// that they name.
func readUVProject(dir string, getenv func(string) string) (uvSettings, error) {
	var own uvOptions
	var project struct {
		Tool struct {
			UV uvOptions `toml:"uv"`
		} `toml:"tool"`
	}
	beside, err := readTOML(filepath.Join(dir, "uv.toml"), &own)
	if err != nil {
		return uvSettings{}, err
	}
	if _, err := readTOML(filepath.Join(dir, "pyproject.toml"), &project); err != nil {
		return uvSettings{}, err
	}
	settings := project.Tool.UV.settings(dir, getenv)
	if beside {
		of := own.settings(dir, getenv)
		of.named, of.sources = settings.indexes, settings.sources
		return of, nil
	}
	return settings, nil
}

// uvConfigurationFiles lists the files of the user and the system, the
// strongest first.
func uvConfigurationFiles(getenv func(string) string, system string) []string {
	if system == "windows" {
		return append(below(getenv("APPDATA"), "uv", "uv.toml"), below(getenv("ProgramData"), "uv", "uv.toml")...)
	}
	var files []string
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		files = append(files, filepath.Join(dir, "uv", "uv.toml"))
	} else if home := getenv("HOME"); home != "" {
		files = append(files, filepath.Join(home, ".config", "uv", "uv.toml"))
	}
	for _, dir := range append(filepath.SplitList(firstSet(getenv("XDG_CONFIG_DIRS"), "/etc/xdg")), "/etc") {
		for _, name := range below(dir, "uv", "uv.toml") {
			if _, err := os.Stat(name); err == nil {
				return append(files, name) // the system has one file
			}
		}
	}
	return files
}

// readTOML decodes the file at name, and reports whether there is one.
func readTOML(name string, into any) (bool, error) {
	text, err := filetree.ReadDocument(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading uv's configuration: %w", err)
	}
	err = toml.Unmarshal(jsonscan.TrimBOM(text), into)
	if err == nil {
		return true, nil
	}
	// The error may quote the file, which may hold a password.
	place := ""
	if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := at.Position()
		place = fmt.Sprintf("line %d, column %d: ", line, column)
	}
	return false, fmt.Errorf("reading uv's configuration %q: %sit is not as uv writes it", name, place)
}

// settings translates a file that lies in dir.
func (f uvOptions) settings(dir string, getenv func(string) string) uvSettings {
	u := uvSettings{sources: f.indexSources()}
	if f.NoIndex != nil {
		u.noIndex = strconv.FormatBool(*f.NoIndex)
	}
	for _, x := range f.Index {
		x = x.withLogin(getenv)
		if x.Format == "flat" {
			u.links = append(u.links, linkIn(dir, x.URL))
			continue
		}
		u.indexes = append(u.indexes, x)
	}
	for _, address := range f.ExtraIndexURL {
		u.indexes = append(u.indexes, uvIndex{URL: address})
	}
	if f.IndexURL != "" {
		u.indexes = append(u.indexes, uvIndex{URL: f.IndexURL, Default: true})
	}
	for _, link := range f.FindLinks {
		u.links = append(u.links, linkIn(dir, link))
	}
	return u
}

// linkIn makes a path relative to dir; an address stays as it is.
func linkIn(dir, link string) string {
	if strings.Contains(link, "://") || filepath.IsAbs(link) {
		return link
	}
	return filepath.Join(dir, link)
}

// indexSources returns the sources that name an index, by normalised name. The
// others, such as of git, are for who reads the lock.
func (f uvOptions) indexSources() map[string][]uvBinding {
	sources := map[string][]uvBinding{}
	for name, value := range f.Sources {
		elements, many := value.([]any)
		if !many {
			elements = []any{value}
		}
		for _, element := range elements {
			table, _ := element.(map[string]any)
			index, _ := table["index"].(string)
			marker, _ := table["marker"].(string)
			if name := pep508.NormalizeName(name); index != "" {
				sources[name] = append(sources[name], uvBinding{Index: index, Marker: marker})
			}
		}
	}
	return sources
}
