package publish

import (
	"strings"
	"testing"
)

func TestParseFunction(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:"
	for _, c := range []struct{ in, name, fault string }{
		{"items", "items", ""},
		{"items_read-2", "items_read-2", ""},
		{arn + "items", "items", ""},
		{"123456789012:function:items", "items", ""},
		{"items:7", "", `the version or alias "7"; name the function alone, as "items"`},
		{arn + "items:live", "", `the version or alias "live"`},
		{"123456789012:function:items:$LATEST", "", `the version or alias "$LATEST"`},
		{"", "", "it is empty"},
		{arn, "", "it is empty"},
		{"bad name", "", `not ' '`},
		{"ïtems", "", `not 'ï'`},
		{strings.Repeat("a", 65), "", "it has 65 characters, AWS takes 64"},
		{"arn:aws:lambda:eu-west-1:123456789012:layer:items", "", "it is not the ARN of a function"},
		{"arn:aws:s3:::items", "", "it is not the ARN of a function"},
	} {
		id, err := ParseFunction(c.in)
		switch {
		case c.fault == "" && (err != nil || id.Name != c.name):
			t.Errorf("%q: got %+v, %v, want name %q", c.in, id, err, c.name)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%q: got %v, want %q", c.in, err, c.fault)
		}
	}
}

func TestFunctionIsOfOneRegionAndAccount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id      FunctionID
		account string
		fault   string
	}{
		{FunctionID{Name: "items"}, "123456789012", ""},
		{FunctionID{"eu-west-1", "123456789012", "items"}, "123456789012", ""},
		{FunctionID{"eu-west-1", "222222222222", "items"}, "", ""},
		{FunctionID{"us-east-1", "123456789012", "items"}, "123456789012", "is in region us-east-1"},
		{FunctionID{"", "222222222222", "items"}, "123456789012", "is of account 222222222222"},
	} {
		name, err := c.id.In("eu-west-1", c.account)
		switch {
		case c.fault == "" && (err != nil || name != "items"):
			t.Errorf("%+v: got %q, %v", c.id, name, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%+v: got %v, want %q", c.id, err, c.fault)
		}
	}
}
