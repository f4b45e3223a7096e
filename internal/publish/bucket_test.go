package publish

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// openPolicy lets Lambda read all of the bucket "kept".
const openPolicy = `{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
	"Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "arn:aws:s3:::kept/*"}]}`

// With REFERENCE the object stays, in a place that no clean-up touches, and the
// version names the object's own.
func TestReferenceKeepsTheObject(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "kept", true)
	a.SetBucketPolicy("kept", openPolicy)
	p := stages(t, a)
	p.transfer.direct = 50 << 20 // REFERENCE stages in any case
	data := zipOf(t, "x")
	r := staged(data, Staging{Bucket: "kept", Prefix: "layers/", StorageMode: "REFERENCE"})
	r.Warn = func(text string) { t.Errorf("a warning: %s", text) }
	for _, description := range []string{"one", "two"} {
		r.Description = description
		if _, _, err := p.Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	objects := a.Objects("kept")
	if len(objects) != 1 || objects[0].Key != "layers/"+store.Sum(data).Hex()+".zip" || !bytes.Equal(objects[0].Body, data) {
		t.Fatalf("the bucket holds %d objects, want the zip under its digest alone", len(objects))
	}
	live := a.Live(home, "deps")
	if len(live) != 2 {
		t.Fatalf("%d versions, want 2", len(live))
	}
	for _, v := range live {
		if v.ReferenceVersion != objects[0].VersionID {
			t.Errorf("%s refers to version %q of the object, want %q", v.ARN, v.ReferenceVersion, objects[0].VersionID)
		}
	}
	// A copy of the same bytes has an object of its own and removes that one only.
	p.transfer.direct = 0
	r.Description, r.Staging = "copy", &Staging{Bucket: "kept", Prefix: "layers/"}
	if _, _, err := p.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if objects := a.Objects("kept"); len(objects) != 1 {
		t.Errorf("after a copy the bucket holds %d objects, want 1", len(objects))
	}
}

// What would break later is found before anything is put.
func TestReferenceIsCheckedFirst(t *testing.T) {
	t.Parallel()
	data := zipOf(t, "x")
	for name, c := range map[string]struct {
		prepare   func(*lambdatest.AWS)
		bucket    string
		attribute string
		words     []string
	}{
		"no versions": {func(a *lambdatest.AWS) { a.CreateBucket(home, "plain", false) }, "plain", "s3", []string{"not versioned", "switch versioning on"}},
		"no versions, which may not be asked": {func(a *lambdatest.AWS) {
			a.CreateBucket(home, "plain", false)
			a.Inject(lambdatest.Fault{Operation: "GetBucketVersioning", Status: 403, ErrorType: "AccessDenied", Message: "Access Denied"})
		}, "plain", "s3", []string{"not versioned"}},
		"another region": {func(a *lambdatest.AWS) { a.CreateBucket("us-east-1", "far", true) }, "far", "s3", []string{"us-east-1", "eu-west-1", `"{region}"`}},
		"no bucket":      {func(*lambdatest.AWS) {}, "none", "s3", []string{"NoSuchBucket"}},
		"an archived object": {func(a *lambdatest.AWS) {
			a.CreateBucket(home, "cold", true)
			publishReference(t, a, "cold", data, "before")
			a.SetStorageClass("cold", "GLACIER")
		}, "cold", "s3", []string{"GLACIER", "restore or delete", "lifecycle"}},
	} {
		a := lambdatest.New(t)
		c.prepare(a)
		before := len(a.Calls("PublishLayerVersion"))
		r := staged(data, Staging{Bucket: c.bucket, StorageMode: "REFERENCE"})
		_, _, err := stages(t, a).Publish(t.Context(), r)
		var limit *awsclient.LimitError
		if !errors.As(err, &limit) || limit.Attribute != c.attribute {
			t.Errorf("%s: got %v, want a LimitError of %s", name, err, c.attribute)
			continue
		}
		for _, word := range c.words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", name, err, word)
			}
		}
		if n := len(a.Calls("PublishLayerVersion")); n != before {
			t.Errorf("%s: published all the same", name)
		}
	}
}

func publishReference(t *testing.T, a *lambdatest.AWS, bucket string, data []byte, description string) {
	t.Helper()
	r := staged(data, Staging{Bucket: bucket, StorageMode: "REFERENCE"})
	r.Description = description
	if _, _, err := stages(t, a).Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// A policy that does not let Lambda in is a warning, one that may not be read is none.
func TestReferenceWarnsOfThePolicy(t *testing.T) {
	t.Parallel()
	statement := func(rest string) string { return `{"Statement": [` + rest + `]}` }
	for name, c := range map[string]struct {
		policy string
		want   string // in the warning; "" is no warning
	}{
		"none":        {"", "s3:GetObject and s3:GetObjectVersion"},
		"open":        {openPolicy, ""},
		"half":        {statement(`{"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::kept/*"]}`), "grant s3:GetObjectVersion on"},
		"wild":        {statement(`{"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::kept/layers/*"}`), ""},
		"all":         {statement(`{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}`), ""},
		"denying":     {statement(`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}`), "s3:GetObject and"},
		"of another":  {statement(`{"Effect": "Allow", "Principal": {"Service": "edge.amazonaws.com"}, "Action": "s3:*", "Resource": "arn:aws:s3:::kept/*"}`), "s3:GetObject and"},
		"elsewhere":   {statement(`{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::kept/other/*"}`), "s3:GetObject and"},
		"not JSON":    {"{", ""},
		"one account": {statement(`{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:*", "Resource": "arn:aws:s3:::kept/*"}`), "s3:GetObject and"},
	} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "kept", true)
		a.SetBucketPolicy("kept", c.policy)
		r := staged(zipOf(t, "x"), Staging{Bucket: "kept", Prefix: "layers/", StorageMode: "REFERENCE"})
		var told []string
		r.Warn = func(text string) { told = append(told, text) }
		if _, _, err := stages(t, a).Publish(t.Context(), r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all := strings.Join(told, "\n")
		if (all == "") != (c.want == "") || !strings.Contains(all, c.want) {
			t.Errorf("%s: warned %q, want %q", name, all, c.want)
		}
	}
}

func TestStagingIsChecked(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 11 {
		many[string(rune('a'+i))] = ""
	}
	for name, s := range map[string]Staging{
		"names no bucket":        {},
		"folders belong":         {Bucket: "a/b"},
		"may be in braces":       {Bucket: "a-{regoin}"},
		"want \"COPY\"":          {Bucket: "a", StorageMode: "copy"},
		"has 11 tags":            {Bucket: "a", Tags: many},
		"1 to 128 characters":    {Bucket: "a", Tags: map[string]string{strings.Repeat("k", 129): ""}},
		"more than 256":          {Bucket: "a", Tags: map[string]string{"k": strings.Repeat("v", 257)}},
		"keeps \"aws:\" for its": {Bucket: "a", Tags: map[string]string{"AWS:x": ""}},
	} {
		a := lambdatest.New(t)
		_, _, err := against(t, a).Publish(t.Context(), staged(zipOf(t, "x"), s))
		var limit *awsclient.LimitError
		if !errors.As(err, &limit) || limit.Attribute != "s3" || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want a LimitError of s3 that says %q", err, name)
		}
		if n := len(a.Calls()); n != 0 {
			t.Errorf("%q: %d calls, want none", name, n)
		}
	}
}
