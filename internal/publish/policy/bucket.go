package policy

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
)

type policyStatement struct {
	Effect                      string
	Principal, Action, Resource json.RawMessage
}

// NotGranted returns which of the actions that REFERENCE needs no statement of
// a bucket policy grants to Lambda, on some object below the prefix. Conditions
// are not judged, and a policy that cannot be read lacks nothing.
func NotGranted(policy []byte, bucket, prefix string) []string {
	var document struct{ Statement []policyStatement }
	if json.Unmarshal(policy, &document) != nil {
		return nil
	}
	var missing []string
	for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion"} {
		if !slices.ContainsFunc(document.Statement, func(s policyStatement) bool {
			return s.Effect == "Allow" && s.lambda() && s.covers(action, bucket, prefix)
		}) {
			missing = append(missing, action)
		}
	}
	return missing
}

// lambda reports whether the statement is about Lambda's own principal.
func (s policyStatement) lambda() bool {
	var by map[string]json.RawMessage
	if json.Unmarshal(s.Principal, &by) != nil {
		return slices.Equal(stringsOf(s.Principal), []string{"*"})
	}
	return slices.Contains(stringsOf(by["Service"]), "lambda.amazonaws.com") || slices.Contains(stringsOf(by["AWS"]), "*")
}

func (s policyStatement) covers(action, bucket, prefix string) bool {
	fits := func(pattern, text string) bool {
		// path.Match keeps "*" from crossing a slash, IAM does not.
		ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(text, "/", "\x00"))
		return err == nil && ok
	}
	return slices.ContainsFunc(stringsOf(s.Action), func(p string) bool { return fits(strings.ToLower(p), strings.ToLower(action)) }) &&
		slices.ContainsFunc(stringsOf(s.Resource), func(p string) bool {
			name := p[strings.LastIndex(p, ":")+1:]
			return fits(name, bucket+"/"+prefix+strings.Repeat("0", 64)+".zip") || strings.HasPrefix(name, bucket+"/"+prefix)
		})
}
