// Package configuration reads which indexes pip and uv are told to use: variables of
// the environment, their files, and the addresses in them.
package configuration

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// Settings are what the environment and the configuration files of uv and
// pip say about where distributions come from. Addresses may carry credentials.
type Settings struct {
	// Indexes are in order of precedence; none means DefaultIndex, unless
	// NoIndex is set.
	Indexes []index.Index
	NoIndex bool
	// FindLinks are folders and addresses of pages with links to wheels.
	FindLinks []string
	// Accounts are addresses of uv's indexes that have credentials, whether or not
	// they are among Indexes: the files of a lock may lie there.
	Accounts []string
	// Certificates is the file of authorities that pip trusts, or "".
	Certificates string
}

// ReadIndexSettings reads the environment, uv's configuration files and pip's.
// project is the folder of the uv project that distributions are chosen for, ""
// for none: its uv.toml or pyproject.toml comes before the files of the user and
// the system, and binds the packages of tool.uv.sources to indexes. A source
// with a marker counts where the marker holds for one of the targets.
//
// A default index, further indexes, links and no-index each come from the first
// that names them: uv's variables, pip's variables, uv's files, pip's files. As
// in uv, the indexes of its files stand behind those of its variables. And as in
// uv, a further index comes before the default one, and the first index that has
// a name serves all of it: a public index cannot slip a newer version of a
// private name in.
//
// Files of the user and the system that may not be read are passed over, as by
// uv and pip; one that is not as its tool writes it is an error.
//
// See "Configuration" in pip's documentation for the files and their order, and
// "Configuration files", "Package indexes" and "Environment variables" in uv's.
func ReadIndexSettings(getenv func(string) string, project string, targets []wheel.Target) (*Settings, error) {
	pip := readPipConfiguration(getenv)
	files, err := readUVConfiguration(getenv, project)
	if err != nil {
		return nil, err
	}
	variables := uvVariables(getenv)
	uv := variables.over(files)
	s := &Settings{Certificates: firstSet(getenv("PIP_CERT"), pip["cert"])}
	s.Accounts = uv.accounts()
	s.NoIndex = truth(firstSet(getenv("UV_NO_INDEX"), getenv("PIP_NO_INDEX"), files.noIndex, pip["no-index"]))
	links, extra := variables.links, variables.extra()
	if len(links) > 0 {
		links = uv.links
	}
	if len(extra) > 0 {
		extra = uv.extra()
	}
	s.FindLinks = firstFilled(links, strings.Fields(getenv("PIP_FIND_LINKS")), files.links, strings.Fields(pip["find-links"]))
	if s.NoIndex {
		return s, nil
	}
	bound, err := uv.bound(targets)
	if err != nil {
		return nil, err
	}
	extra = firstFilled(extra, indexesOf(getenv("PIP_EXTRA_INDEX_URL")), files.extra(), indexesOf(pip["extra-index-url"]))
	base := firstSet(variables.base(), getenv("PIP_INDEX_URL"), files.base(), pip["index-url"])
	s.Indexes = append(bound, extra...)
	switch {
	case base != "":
		s.Indexes = append(s.Indexes, index.Index{URL: strings.TrimSpace(base)})
	case len(s.Indexes) > 0:
		s.Indexes = append(s.Indexes, index.Index{URL: index.DefaultIndex})
	}
	return s, nil
}

func indexesOf(addresses string) []index.Index {
	var indexes []index.Index
	for address := range strings.FieldsSeq(addresses) {
		indexes = append(indexes, index.Index{URL: address})
	}
	return indexes
}

// WithUser puts a user and a password into an address that has none. What is no
// address is returned as it is.
func WithUser(address, user, password string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Host == "" || user == "" && password == "" {
		return address
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// truth reads a flag as pip and uv do: what is no known yes is a no.
func truth(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "1", "y", "yes", "t", "true", "on":
		return true
	}
	return false
}

// firstFilled returns the first list that has an element.
func firstFilled[T any](lists ...[]T) []T {
	at := slices.IndexFunc(lists, func(list []T) bool { return len(list) > 0 })
	if at < 0 {
		return nil
	}
	return lists[at]
}

func firstSet(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}

// WithoutUser returns an address without user and password. It reads text that
// is no valid URL yet: Pipenv leaves variables in it.
func WithoutUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, deep := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if deep {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// VariableName spells a name as uv and Poetry do in variables.
func VariableName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// Overrule applies what a requirements file says of indexes, as pip does: an
// index of it replaces those of the environment, further ones add to them. The
// first own indexes are the package's, which stay.
func (s *Settings) Overrule(f *pep508.RequirementsFile, own int) {
	of, others := slices.Clone(s.Indexes[:own]), s.Indexes[own:]
	for _, address := range f.ExtraURLs {
		of = append(of, index.Index{URL: address})
	}
	if f.IndexURL != "" {
		others = []index.Index{{URL: f.IndexURL}}
	}
	s.Indexes = append(of, others...)
	if f.NoIndex {
		s.Indexes, s.NoIndex = s.Indexes[:own], true
	}
	s.FindLinks = append(slices.Clone(s.FindLinks), f.FindLinks...)
}

// LinkKind says what an element of find_links is, "page", "folder" or "file",
// and where.
func LinkKind(place string) (kind, where string) {
	if u, err := url.Parse(place); err == nil {
		switch u.Scheme {
		case "https", "http":
			if strings.HasSuffix(u.Path, ".whl") {
				return "file", place
			}
			return "page", place
		case "file":
			place = u.Path
		}
	}
	switch strings.ToLower(path.Ext(place)) {
	case ".whl", ".html", ".htm":
		return "file", place
	}
	return "folder", place
}
