// Package policy reads the policy documents of layer versions and of buckets, and
// changes that of a layer version step by step until it says what is wanted.
package policy

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

// Grant is what a statement gives: use of the version to an account, to an
// organization or to everyone. foreign is the text of what is none of these.
type Grant struct {
	Account, Organization string
	Public                bool
	Foreign               string
}

// statementID returns the id under which Share writes the grant.
func (g Grant) statementID() string {
	switch {
	case g.Public:
		return ourStatements + "public"
	case g.Organization != "":
		return ourStatements + g.Organization
	}
	return ourStatements + g.Account
}

// String names who is meant, for errors.
func (g Grant) String() string {
	switch {
	case g.Public:
		return "everyone"
	case g.Organization != "":
		return fmt.Sprintf("organization %q", g.Organization)
	case g.Account != "":
		return fmt.Sprintf("account %q", g.Account)
	}
	return fmt.Sprintf("%q", g.Foreign)
}

// Statement is a part of a policy that can be removed by its id. It has one
// grant at least, so that nothing in a policy is out of sight.
type Statement struct {
	id     string
	Grants []Grant
}

// Parse reads the document of a layer version's policy. Statements of
// other forms than AWS's own API writes become foreign grants; a document that
// is no policy is an error.
func Parse(text string) ([]Statement, error) {
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
	statements := make([]Statement, 0, len(parts))
	for i, part := range parts {
		s, err := parseStatement(part)
		if err != nil {
			return nil, fmt.Errorf("reading statement %d of the policy: %w", i+1, err)
		}
		statements = append(statements, s)
	}
	return statements, nil
}

func parseStatement(text json.RawMessage) (Statement, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return Statement{}, err
	}
	if fields == nil {
		return Statement{}, errors.New("it is null")
	}
	var s Statement
	if id, ok := fields["Sid"]; ok {
		if err := json.Unmarshal(id, &s.id); err != nil {
			return Statement{}, fmt.Errorf("its Sid: %w", err)
		}
	}
	if s.Grants = grantsOf(fields); len(s.Grants) > 0 {
		return s, nil
	}
	var whole bytes.Buffer
	if err := json.Compact(&whole, text); err != nil {
		return Statement{}, err
	}
	s.Grants = []Grant{{Foreign: whole.String()}}
	return s, nil
}

// grantsOf returns what a statement gives, nil if it does anything else than
// to allow principals the use of the layer version, perhaps as members of an
// organization.
func grantsOf(fields map[string]json.RawMessage) []Grant {
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
	var grants []Grant
	for _, principal := range principals {
		grants = append(grants, grantTo(principal))
	}
	return grants
}

// accountRoot is how a policy writes an account. A bare number means the same.
var accountRoot = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):root$`)

func grantTo(principal string) Grant {
	if principal == "*" {
		return Grant{Public: true}
	}
	if match := accountRoot.FindStringSubmatch(principal); match != nil {
		return Grant{Account: match[1]}
	}
	if IsAccountID(principal) {
		return Grant{Account: principal}
	}
	return Grant{Foreign: principal}
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
func organizationsOf(condition json.RawMessage) []Grant {
	var operators map[string]map[string]json.RawMessage
	if json.Unmarshal(condition, &operators) != nil || len(operators) != 1 || len(operators["StringEquals"]) != 1 {
		return nil
	}
	var grants []Grant
	for key, value := range operators["StringEquals"] {
		if !strings.EqualFold(key, "aws:PrincipalOrgID") {
			return nil
		}
		for _, id := range stringsOf(value) {
			if !IsOrganizationID(id) {
				return nil
			}
			grants = append(grants, Grant{Organization: id})
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

// IsAccountID reports whether a text has the form of an account's id: 12 digits.
func IsAccountID(id string) bool { return len(id) == 12 && strings.Trim(id, "0123456789") == "" }

// IsOrganizationID reports whether a text has the form of an id of AWS
// Organizations: "o-" and 10 to 32 small letters and digits.
func IsOrganizationID(id string) bool {
	rest, ok := strings.CutPrefix(id, "o-")
	return ok && len(rest) >= 10 && len(rest) <= 32 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
