package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// layerAction is the only action that a layer version's policy can allow.
const layerAction = "lambda:GetLayerVersion"

// ourStatements begins the id of every statement that Share writes.
const ourStatements = "layerbuild-"

// grant is what a statement gives: use of the version to an account, to an
// organization or to everyone. foreign is the text of what is none of these.
type grant struct {
	account, organization string
	public                bool
	foreign               string
}

// statementID returns the id under which Share writes the grant.
func (g grant) statementID() string {
	switch {
	case g.public:
		return ourStatements + "public"
	case g.organization != "":
		return ourStatements + g.organization
	}
	return ourStatements + g.account
}

// String names who is meant, for errors.
func (g grant) String() string {
	switch {
	case g.public:
		return "everyone"
	case g.organization != "":
		return fmt.Sprintf("organization %q", g.organization)
	case g.account != "":
		return fmt.Sprintf("account %q", g.account)
	}
	return fmt.Sprintf("%q", g.foreign)
}

// statement is a part of a policy that can be removed by its id. It has one
// grant at least, so that nothing in a policy is out of sight.
type statement struct {
	id     string
	grants []grant
}

// parsePolicy reads the document of a layer version's policy. Statements of
// other forms than AWS's own API writes become foreign grants; a document that
// is no policy is an error.
func parsePolicy(text string) ([]statement, error) {
	var document map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	list, ok := document["Statement"]
	if !ok {
		return nil, errors.New("reading the policy: it has no Statement")
	}
	parts := []json.RawMessage{list} // a single statement may stand alone
	if bytes.HasPrefix(list, []byte("[")) {
		if err := json.Unmarshal(list, &parts); err != nil {
			return nil, fmt.Errorf("reading the policy's statements: %w", err)
		}
	}
	statements := make([]statement, 0, len(parts))
	for i, part := range parts {
		s, err := parseStatement(part)
		if err != nil {
			return nil, fmt.Errorf("reading statement %d of the policy: %w", i+1, err)
		}
		statements = append(statements, s)
	}
	return statements, nil
}

func parseStatement(text json.RawMessage) (statement, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return statement{}, err
	}
	if fields == nil {
		return statement{}, errors.New("it is null")
	}
	var s statement
	if id, ok := fields["Sid"]; ok {
		if err := json.Unmarshal(id, &s.id); err != nil {
			return statement{}, fmt.Errorf("its Sid: %w", err)
		}
	}
	if s.grants = grantsOf(fields); len(s.grants) > 0 {
		return s, nil
	}
	var whole bytes.Buffer
	if err := json.Compact(&whole, text); err != nil {
		return statement{}, err
	}
	s.grants = []grant{{foreign: whole.String()}}
	return s, nil
}

// grantsOf returns what a statement gives, nil if it does anything else than
// to allow principals the use of the layer version, perhaps as members of an
// organization.
func grantsOf(fields map[string]json.RawMessage) []grant {
	for name := range fields {
		if !slices.Contains([]string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, name) {
			return nil
		}
	}
	effect, actions := stringsOf(fields["Effect"]), stringsOf(fields["Action"])
	if !slices.Equal(effect, []string{"Allow"}) || len(actions) != 1 || !strings.EqualFold(actions[0], layerAction) {
		return nil
	}
	principals := principalsOf(fields["Principal"])
	if slices.Contains(principals, "") {
		return nil
	}
	if condition, ok := fields["Condition"]; ok {
		if !slices.Equal(principals, []string{"*"}) {
			return nil
		}
		return organizationsOf(condition)
	}
	var grants []grant
	for _, principal := range principals {
		grants = append(grants, grantTo(principal))
	}
	return grants
}

// accountRoot is how a policy writes an account. A bare number means the same.
var accountRoot = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):root$`)

func grantTo(principal string) grant {
	if principal == "*" {
		return grant{public: true}
	}
	if match := accountRoot.FindStringSubmatch(principal); match != nil {
		return grant{account: match[1]}
	}
	if isAccountID(principal) {
		return grant{account: principal}
	}
	return grant{foreign: principal}
}

// principalsOf returns the AWS principals of a statement, nil for others. AWS
// writes only "*" as a bare text, services that stand in for it write more.
func principalsOf(text json.RawMessage) []string {
	if bare := stringsOf(text); bare != nil {
		return bare
	}
	var kinds map[string]json.RawMessage
	if json.Unmarshal(text, &kinds) != nil || len(kinds) != 1 {
		return nil
	}
	return stringsOf(kinds["AWS"])
}

// organizationsOf returns the organizations that a condition asks membership
// of, nil if it asks for anything else. Names of condition keys have no case.
func organizationsOf(condition json.RawMessage) []grant {
	var operators map[string]map[string]json.RawMessage
	if json.Unmarshal(condition, &operators) != nil || len(operators) != 1 || len(operators["StringEquals"]) != 1 {
		return nil
	}
	var grants []grant
	for key, value := range operators["StringEquals"] {
		if !strings.EqualFold(key, "aws:PrincipalOrgID") {
			return nil
		}
		for _, id := range stringsOf(value) {
			if CheckOrganizationID(id) != nil {
				return nil
			}
			grants = append(grants, grant{organization: id})
		}
	}
	return grants
}

// stringsOf reads a string or a list of strings; anything else is nil.
func stringsOf(text json.RawMessage) []string {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	var one string
	if json.Unmarshal(text, &one) == nil {
		return []string{one}
	}
	var many []*string
	if json.Unmarshal(text, &many) != nil {
		return nil
	}
	var list []string
	for _, s := range many {
		if s == nil {
			return nil
		}
		list = append(list, *s)
	}
	return list
}
