package manifest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// SpecKind is what a dependency asks for.
type SpecKind int

// The kinds of dependency specs (npm-package-arg; the last three are of other
// package managers, and npm refuses them).
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
		"a range", "a version", "a tag", "an alias", "a git repository", "an address", "a tarball file", "a directory",
		"a workspace", "a link", "an unknown scheme",
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
func (s Spec) FromRegistry() bool {
	return s.Kind == RangeSpec || s.Kind == VersionSpec || s.Kind == TagSpec || s.Kind == AliasSpec
}

// Resolved is the target of an alias, and s itself where it is none.
func (s Spec) Resolved() Spec {
	if s.Target != nil {
		return *s.Target
	}
	return s
}

var (
	urlSpec     = regexp.MustCompile(`(?i)^(?:git\+)?[a-z]+:`)
	tarballSpec = regexp.MustCompile(`(?i)\.(?:tgz|tar\.gz|tar)$`)
	pathSpec    = regexp.MustCompile(`^(?:\.|~/|/|[a-zA-Z]:)`)
	scpSpec     = regexp.MustCompile(`^[^@/:\s]+@([^:/\s]+):[^/\s]`)
)

// ParseSpec reads the spec of the dependency with that name. Its error is a
// *ResolveError with npm's code: EINVALIDPACKAGENAME, EINVALIDTAGNAME, or
// EUNSUPPORTED for an alias of what no registry has.
func ParseSpec(name, spec string) (Spec, error) {
	if err := CheckName(name); err != nil {
		return Spec{}, &ResolveError{Code: "EINVALIDPACKAGENAME", Name: name, Spec: spec, Detail: err.Error()}
	}
	s := Spec{Name: name, Raw: spec}
	lower := strings.ToLower(spec)
	switch {
	case strings.HasPrefix(lower, "file:"):
		s.place(spec[len("file:"):])
	case pathSpec.MatchString(spec):
		s.place(spec)
	case strings.HasPrefix(lower, "npm:"):
		return s.alias(spec[len("npm:"):])
	case strings.HasPrefix(lower, "workspace:"):
		s.Kind, s.Fetch = WorkspaceSpec, spec[len("workspace:"):]
	case strings.HasPrefix(lower, "link:"), strings.HasPrefix(lower, "portal:"):
		s.Kind, s.Fetch = LinkSpec, spec[strings.IndexByte(spec, ':')+1:]
	case isHosted(spec):
		s.Kind, s.Fetch = GitSpec, spec
	case urlSpec.MatchString(spec):
		s.Kind, s.Fetch = urlKind(lower), spec
	case strings.Contains(spec, "/") || tarballSpec.MatchString(spec):
		s.place(spec)
	default:
		return s.registry()
	}
	return s, nil
}

// place makes s a path.
func (s *Spec) place(path string) {
	s.Kind, s.Fetch = DirectorySpec, path
	if tarballSpec.MatchString(path) {
		s.Kind = FileSpec
	}
}

// registry reads a range, version or tag.
func (s Spec) registry() (Spec, error) {
	s.Fetch = strings.TrimSpace(s.Raw)
	s.Kind = TagSpec
	if r, err := semver.ParseRange(s.Fetch); err == nil {
		s.Kind, s.Range = RangeSpec, r
		if _, err := semver.ParseLoose(s.Fetch); err == nil {
			s.Kind = VersionSpec
		}
		return s, nil
	}
	if !isURLFriendly(s.Fetch) {
		detail := "it is neither a range nor a tag: a tag has no characters that an address would escape"
		return Spec{}, &ResolveError{Code: "EINVALIDTAGNAME", Name: s.Name, Spec: s.Raw, Detail: detail}
	}
	return s, nil
}

// alias reads "name@spec", where the spec may be missing.
func (s Spec) alias(target string) (Spec, error) {
	name, spec := target, ""
	if at := strings.Index(target[min(1, len(target)):], "@"); at >= 0 {
		name, spec = target[:at+1], target[at+2:]
	}
	if spec == "" {
		spec = "*"
	}
	fault := &ResolveError{Code: "EUNSUPPORTED", Name: s.Name, Spec: s.Raw, Detail: "an alias must be of the form npm:name@range"}
	if urlSpec.MatchString(target) || tarballSpec.MatchString(name) {
		return Spec{}, fault
	}
	resolved, err := ParseSpec(name, spec)
	if err != nil {
		return Spec{}, err
	}
	if !resolved.FromRegistry() || resolved.Kind == AliasSpec {
		return Spec{}, fault
	}
	s.Kind, s.Target = AliasSpec, &resolved
	return s, nil
}

// urlKind tells git from an address by the scheme of a lower-case URL.
func urlKind(lower string) SpecKind {
	scheme, _, _ := strings.Cut(lower, ":")
	switch scheme {
	case "git", "git+http", "git+https", "git+rsync", "git+ftp", "git+file", "git+ssh", "ssh":
		return GitSpec
	case "http", "https":
		return RemoteSpec
	}
	return OtherSpec
}

// isHosted reports whether a spec is a repository on one of the hosts that npm
// knows by name, even where it looks like a path or an address.
func isHosted(spec string) bool {
	scheme, rest, found := strings.Cut(spec, ":")
	switch {
	case isShorthand(spec):
		return true
	case !found:
		return false
	case scheme == "github" || scheme == "gitlab" || scheme == "bitbucket" || scheme == "gist" || scheme == "sourcehut":
		return rest != ""
	}
	if m := scpSpec.FindStringSubmatch(spec); m != nil {
		return hostedDomain(m[1])
	}
	u, err := url.Parse(spec)
	if err != nil || !hostedDomain(u.Hostname()) {
		return false
	}
	switch u.Scheme {
	case "git", "git+ssh", "git+https", "ssh":
		return true
	case "https", "http":
		return isRepository(u)
	}
	return false
}

// isRepository tells the address of a repository from those of files below it.
func isRepository(u *url.URL) bool {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch host := strings.TrimPrefix(u.Hostname(), "www."); {
	case u.Scheme == "http" && host != "github.com":
		return false
	case host == "gist.github.com":
		return true
	case host == "gitlab.com": // has groups in groups
		return len(parts) >= 2 && !slices.Contains(parts, "-")
	}
	return len(parts) == 2 || len(parts) > 2 && parts[2] == "tree"
}

func hostedDomain(host string) bool {
	switch strings.TrimPrefix(host, "www.") {
	case "github.com", "gitlab.com", "bitbucket.org", "gist.github.com", "git.sr.ht":
		return true
	}
	return false
}

// isShorthand reports whether a spec is "user/repository", perhaps with "#" and
// a commit.
func isShorthand(spec string) bool {
	place, _, _ := strings.Cut(spec, "#")
	user, repository, found := strings.Cut(place, "/")
	return found && user != "" && repository != "" && user[0] != '.' && !strings.ContainsAny(place, "@: \t\r\n") &&
		!strings.Contains(repository, "/")
}

// nameError says what is wrong with a package's name.
type nameError string

func (e nameError) Error() string { return string(e) }

// CheckName returns why npm refuses a name, or nil (validate-npm-package-name,
// as it is for packages that exist).
func CheckName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "":
		return nameError("the name of the package is empty")
	case strings.ContainsRune("._-", rune(name[0])):
		return nameError("the name of a package cannot start with a dot, a hyphen or an underscore")
	case lower == "node_modules" || lower == "favicon.ico":
		return nameError("no package can have this name")
	case len(name) > maxNameBytes:
		return nameError(fmt.Sprintf("the name of the package is longer than %d bytes", maxNameBytes))
	case isURLFriendly(name):
		return nil
	}
	scope, rest, found := strings.Cut(name, "/")
	if found && len(scope) > 1 && scope[0] == '@' && rest != "" && rest[0] != '.' && isURLFriendly(scope[1:]) && isURLFriendly(rest) {
		return nil
	}
	return nameError("the name of a package holds letters, digits and - _ . ! ~ * ' ( ) alone, perhaps after @scope/")
}

// maxNameBytes is far beyond the 214 that new packages may have, and keeps
// paths within what file systems take.
const maxNameBytes = 512

// isURLFriendly reports whether encodeURIComponent would leave s as it is.
func isURLFriendly(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0) {
			return false
		}
	}
	return true
}
