package python

import (
	"fmt"
	"regexp"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// CodeArtifactSpec is a repository of AWS CodeArtifact. An owner of "" is the
// caller's account, a region of "" the provider's.
type CodeArtifactSpec struct {
	Domain, Repository  string
	DomainOwner, Region string `json:",omitempty"`
}

// The names of domains and repositories, and account ids ("Domain" and
// "Repository" in the CodeArtifact API reference).
var (
	domainName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,48}[a-z0-9]$`)
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$`)
	accountID      = regexp.MustCompile(`^[0-9]{12}$`)
)

// check refuses what AWS would refuse too; at is the attribute.
func (s *CodeArtifactSpec) check(at fault.Path) error {
	switch {
	case !domainName.MatchString(s.Domain):
		return &fault.Error{At: at.At("domain"), Summary: fmt.Sprintf("Malformed CodeArtifact domain %q", s.Domain), Detail: "A domain has 2 to 50 lower case letters, digits and hyphens, and starts with a letter."}
	case !repositoryName.MatchString(s.Repository):
		return &fault.Error{At: at.At("repository"), Summary: fmt.Sprintf("Malformed CodeArtifact repository %q", s.Repository), Detail: "A repository has 2 to 100 letters, digits, dots, hyphens and underscores."}
	case s.DomainOwner != "" && !accountID.MatchString(s.DomainOwner):
		return &fault.Error{At: at.At("domain_owner"), Summary: fmt.Sprintf("Malformed account %q", s.DomainOwner), Detail: "domain_owner is the id of an AWS account: 12 digits."}
	}
	return nil
}
