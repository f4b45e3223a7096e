package provider

import (
	"encoding/hex"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestFoundAtPlan is about what would stop an apply half way: the plan says so,
// with what to write instead, and nothing is published.
func TestFoundAtPlan(t *testing.T) {
	t.Parallel()
	set := func(name string, value tftypes.Value) func(*lives, *life) {
		return func(_ *lives, o *life) { o.config[name] = value }
	}
	argument := func(name string, given map[string]tftypes.Value) func(*lives, *life) {
		return func(_ *lives, o *life) { o.config[name] = object(o.kind().AttributeTypes[name], given) }
	}
	other := hashOf("other")
	for name, c := range map[string]struct {
		change func(*lives, *life)
		want   []string
	}{
		"a parameter of somebody else": {func(l *lives, o *life) {
			argument("ssm_parameter", map[string]tftypes.Value{"name": textValue("/a")})(l, o)
			theirs := l.resource(2, accountA, l.zips[2])
			theirs.config["layer_name"] = textValue("others")
			theirs.config["ssm_parameter"] = o.config["ssm_parameter"]
			l.must(theirs.apply(t.Context(), theirs.config))
		}, []string{`The parameter "/a" is there already`, "set overwrite = true"}},
		"a bucket that is not there": {argument("s3", map[string]tftypes.Value{"bucket": textValue("nowhere"), "storage_mode": textValue("REFERENCE")}),
			[]string{`"nowhere"`, "does not exist"}},
		"the hash of another file": {set("source_code_hash", textValue(other)),
			[]string{"The hash is that of another file", other, "filebase64sha256("}},
		"no zip": {func(l *lives, o *life) {
			o.config["filename"], o.config["source_code_hash"] = textValue(l.write("text.zip", "text")), textValue(hashOf("text"))
		}, []string{"it is not a zip"}},
		"a hexadecimal hash": {set("source_code_hash", textValue(hex.EncodeToString(make([]byte, 32)))),
			[]string{"hexadecimal form", "filebase64sha256("}},
		"a profile that is not there": {func(_ *lives, o *life) {
			delete(o.settings, "access_key")
			delete(o.settings, "secret_key")
			o.settings["profile"] = textValue("prod")
		}, []string{`the profile "prod" is not in the shared files`, "aws configure --profile prod"}},
		"an account that is not allowed": {func(_ *lives, o *life) { o.settings["allowed_account_ids"] = texts(accountB) },
			[]string{`account "` + accountA + `"`, "allowed_account_ids"}},
		"credentials that have expired": {func(l *lives, _ *life) {
			l.aws.Inject(lambdatest.Fault{Operation: "GetCallerIdentity", Times: -1, Status: 403, ErrorType: "ExpiredToken", Message: "The security token included in the request is expired"})
		}, []string{"expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLives(t)
			o := l.resource(1, accountA, l.zips[0])
			c.change(l, o)
			published := len(l.aws.Calls("PublishLayerVersion"))
			err := l.validated(o)
			if err == nil {
				t.Fatal("the plan succeeds")
			}
			for _, part := range c.want {
				if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(part)) {
					t.Errorf("the plan says %v, want %q", err, part)
				}
			}
			if n := len(l.aws.Calls("PublishLayerVersion")); n != published {
				t.Error("a version was published")
			}
		})
	}
}

// validated validates a configuration and plans it.
func (l *lives) validated(o *life) error {
	if err := o.validate(l.Context(), o.config); err != nil {
		return err
	}
	return l.plan(o)
}

// TestDriftInWords is about what a refresh finds: a warning says what it is, and
// what the apply will do.
func TestDriftInWords(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	o := l.resource(1, "AKIAIOSFODNN7EXAMPLE", l.zips[0])
	l.must(o.apply(t.Context(), o.config))
	l.removeVersion("deps", 1)
	l.must(l.plan(o))
	if got := strings.Join(o.warnings, "\n"); !strings.Contains(got, `Version 1 of layer "deps" was deleted outside of Terraform`) {
		t.Errorf("a version that is gone is told as %q", got)
	}
	o.warnings = nil
	l.must(l.plan(o))
	if len(o.warnings) != 0 {
		t.Errorf("it is told again: %q", o.warnings)
	}
	l.must(o.apply(t.Context(), o.config))
	config := maps.Clone(o.config)
	config["retention"] = object(o.kind().AttributeTypes["retention"], map[string]tftypes.Value{"on_destroy": textValue("retain")})
	l.must(o.apply(t.Context(), config))
	o.warnings = nil
	l.must(o.core.destroy(t.Context()))
	if got := strings.Join(o.warnings, "\n"); !strings.Contains(got, `Retained: version 2 of layer "deps"`) {
		t.Errorf("a destroy that retains says %q", got)
	}
}

// TestSharingLostByAMoveIsTold moves a version of the aws provider that others
// may use, and publishes another one without the sharing argument.
func TestSharingLostByAMoveIsTold(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	zip := zipOf(t, "python/a.py", "A = 1\n")
	l.publishOutside(region, "deps", zip, map[string]any{"Description": "libraries"})
	l.aws.SetPolicy(region, "deps", 1, allowed("theirs", teamB))
	o := l.resource(1, "AKIAIOSFODNN7EXAMPLE", l.zips[0])
	server, err := o.start(t.Context())
	l.must(err)
	moved, err := server.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: "registry.terraform.io/hashicorp/aws", SourceTypeName: "aws_lambda_layer_version", TargetTypeName: "layerbuild_version",
		SourceState: &tfprotov6.RawState{JSON: []byte(strings.ReplaceAll(awsState, "CODE", hashOf(zip)))},
	})
	l.must(err)
	l.must(o.judge(moved.Diagnostics))
	o.core.state, err = moved.TargetState.Unmarshal(o.kind())
	l.must(err)
	o.private = moved.TargetPrivate
	l.must(l.plan(o)) // other bytes: a new version is due
	if got := strings.Join(o.warnings, "\n"); !strings.Contains(got, "The new version is shared with nobody") {
		t.Errorf("the plan says %q, want that the sharing is lost", got)
	}
	l.must(o.apply(t.Context(), o.config))
	if got := l.policy(region, 1); got != teamB {
		t.Errorf("the moved version is shared with %q, want %q", got, teamB)
	}
}
