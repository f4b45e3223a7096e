package manifest

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// SpecKind is what a dependency asks for.
type SpecKind int

// The kinds of dependency specs, as npm's documentation of package.json has them;
// the last three are of other package managers, and npm refuses them.
const (
	RangeSpec     SpecKind = iota // "^1.2.0", "", "*", "1 || 2"
	VersionSpec                   // "1.2.3"
	TagSpec                       // "latest"
	AliasSpec                     // "npm:other@^1"
	GitSpec                       // "git+ssh://…", "github:user/repo", "user/repo"
	RemoteSpec                    // "https://…/a.tgz"
	FileSpec                      // "file:a.tgz", "./a.tgz"
	DirectorySpec                 // "file:../a", "../a"
	WorkspaceSpec                 // "workspace:^"
	LinkSpec                      // "link:../a", "portal:../a"
	OtherSpec                     // "catalog:", "patch:…" and other schemes
)

// String names the kind for messages, such as "a git repository".
func (k SpecKind) String() string {
	return [...]string{
		RangeSpec: "a range", VersionSpec: "a version", TagSpec: "a tag", AliasSpec: "an alias",
		GitSpec: "a git repository", RemoteSpec: "an address", FileSpec: "an archive on disk", DirectorySpec: "a folder",
		WorkspaceSpec: "a member of a workspace", LinkSpec: "a link to a folder", OtherSpec: "a kind that npm does not know",
	}[k]
}

// Spec is a dependency spec, understood as npm does.
type Spec struct {
	Kind SpecKind
	// Name is the name that the dependency has for its dependent: of the
	// folder.
	Name string
	// Raw is the spec as written.
	Raw string
	// Fetch is the range, version or tag without blanks around it, and the
	// path or address of the kinds that have one.
	Fetch string
	// Range is what versions must match; set for ranges and versions.
	Range semver.Range
	// Target is what an alias stands for: a range, version or tag.
	Target *Spec
}

// FromRegistry reports whether a registry answers the spec.
func (s Spec) FromRegistry() bool { return s.Kind <= AliasSpec }

// Resolved is the target of an alias, and s itself where it is none.
func (s Spec) Resolved() Spec {
	if s.Target != nil {
		return *s.Target
	}
	return s
}

// ParseSpec reads the spec of the dependency with that name. Its error is a
// *ResolveError with npm's code: EINVALIDPACKAGENAME, EINVALIDTAGNAME, or
// EUNSUPPORTED for an alias of what no registry has.
func ParseSpec(name, spec string) (Spec, error) {
	s := Spec{Name: name, Raw: spec}
	if err := CheckName(name); err != nil {
		return Spec{}, s.refuse("EINVALIDPACKAGENAME", err.Error())
	}
	text := strings.TrimSpace(spec)
	scheme, rest := cutScheme(text)
	switch {
	case scheme == "npm":
		return s.alias(rest)
	case isPath(text):
		s.setPath(text)
	case scheme == "file":
		s.setPath(strings.TrimPrefix(rest, "//"))
	case scheme == "workspace":
		s.Kind, s.Fetch = WorkspaceSpec, rest
	case scheme == "link", scheme == "portal":
		s.Kind, s.Fetch = LinkSpec, rest
	case scheme != "":
		s.Kind, s.Fetch = kindOfAddress(scheme, text), text
	case isShortRepository(text):
		s.Kind, s.Fetch = GitSpec, text
	case strings.Contains(text, "/"), isArchive(text):
		s.setPath(text)
	default:
		return s.version(text)
	}
	return s, nil
}

func (s Spec) refuse(code, detail string) error {
	return &ResolveError{Code: code, Name: s.Name, Spec: s.Raw, Detail: detail}
}

// version reads what a registry answers: an exact version, a range, or else a tag.
func (s Spec) version(text string) (Spec, error) {
	s.Fetch = text
	if v, err := semver.ParseLoose(text); err == nil {
		s.Kind = VersionSpec
		s.Range, err = semver.ParseRange(v.String())
		if err == nil {
			return s, nil
		}
	}
	r, err := semver.ParseRange(text)
	if err == nil {
		s.Kind, s.Range = RangeSpec, r
		return s, nil
	}
	if !isTag(text) {
		return Spec{}, s.refuse("EINVALIDTAGNAME", fmt.Sprintf("%q is not a range, and no tag can have such a name", text))
	}
	s.Kind = TagSpec
	return s, nil
}

// alias reads what is behind "npm:": a name, and maybe a spec behind an "@".
func (s Spec) alias(text string) (Spec, error) {
	name, spec := text, ""
	if at := strings.LastIndexByte(text, '@'); at > 0 {
		name, spec = text[:at], text[at+1:]
	}
	// "npm:b@npm:c" has its name before the first "@" that is not of a scope.
	if at := strings.IndexByte(text[min(1, len(text)):], '@'); at >= 0 {
		name, spec = text[:at+1], text[at+2:]
	}
	if strings.TrimSpace(spec) == "" {
		spec = "*"
	}
	target, err := ParseSpec(name, spec)
	if err != nil {
		return Spec{}, err
	}
	if !target.FromRegistry() || target.Kind == AliasSpec {
		return Spec{}, s.refuse("EUNSUPPORTED", fmt.Sprintf("an alias stands for a package of a registry, and %q is %s", spec, target.Kind))
	}
	s.Kind, s.Fetch, s.Target = AliasSpec, text, &target
	return s, nil
}

// setPath makes s what lies at a path: a packed package or a folder.
func (s *Spec) setPath(path string) {
	s.Kind, s.Fetch = DirectorySpec, path
	if isArchive(path) {
		s.Kind = FileSpec
	}
}

// cutScheme cuts a scheme, such as "https", in small letters, off a text. One
// letter is a drive, and "git@host:path" has no scheme.
func cutScheme(text string) (scheme, rest string) {
	i := strings.IndexByte(text, ':')
	if i < 2 {
		return "", text
	}
	if !isWord(text[:i], "+.-") {
		return "", text
	}
	return strings.ToLower(text[:i]), text[i+1:]
}

// isPath tells whether a text is a path by its beginning.
func isPath(text string) bool {
	for _, start := range [...]string{".", "/", "~/", `\`} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return len(text) > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/') // a drive
}

func isArchive(path string) bool {
	path = strings.ToLower(path)
	return strings.HasSuffix(path, ".tgz") || strings.HasSuffix(path, ".tar.gz") || strings.HasSuffix(path, ".tar")
}

// isShortRepository tells whether a text is "user/repo", of GitHub, or
// "git@host:path", with or without a "#commit".
func isShortRepository(text string) bool {
	text, _, _ = strings.Cut(text, "#")
	if user, rest, ok := strings.Cut(text, "@"); ok && user != "" && !strings.ContainsAny(user, "/: ") {
		host, path, ok := strings.Cut(rest, ":")
		return ok && host != "" && path != "" && !strings.Contains(host, "/")
	}
	user, repository, ok := strings.Cut(text, "/")
	return ok && user != "" && repository != "" && !strings.ContainsAny(text, " @") && !strings.Contains(repository, "/") && user[0] != '.'
}

// kindOfAddress returns what is at an address with a scheme.
func kindOfAddress(scheme, text string) SpecKind {
	switch scheme {
	case "github", "gitlab", "bitbucket", "gist", "sourcehut", "git", "ssh":
		return GitSpec
	case "http", "https":
		u, err := url.Parse(text)
		if err == nil && isRepositoryPage(u) {
			return GitSpec
		}
		return RemoteSpec
	}
	if strings.HasPrefix(scheme, "git+") {
		return GitSpec
	}
	return OtherSpec
}

// isRepositoryPage tells whether an address is a repository's own on a site that
// npm knows: it clones that. Archives there are addresses as any other.
func isRepositoryPage(u *url.URL) bool {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") {
	case "github.com":
		return len(parts) == 2 || len(parts) > 3 && parts[2] == "tree"
	case "gitlab.com":
		for _, p := range parts {
			if p == "-" || isArchive(p) {
				return false
			}
		}
		return len(parts) >= 2
	case "bitbucket.org", "git.sr.ht":
		return len(parts) == 2
	case "gist.github.com":
		return len(parts) <= 2 && parts[0] != ""
	}
	return false
}

// isTag tells whether a text can name a tag: what an address holds without
// escapes.
func isTag(text string) bool { return text != "" && isWord(text, "-_.!~*'()") }

// isWord tells whether a text has nothing but letters and digits of ASCII, and some
// other characters.
func isWord(text, others string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(others, c))
	})
}
