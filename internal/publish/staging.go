package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/signing"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
)

// delivery is a zip where Lambda can take it from.
type delivery struct {
	content *types.LayerVersionContentInput
	// sha256 is the base64 digest of the bytes that Lambda will keep; "" where
	// that of a signed zip is not known.
	sha256 string
	lease  *upload.Lease   // of the staged zip; nil where it is in the request
	signed *signing.Signed // nil where it is not signed
}

// Takes reports whether a zip goes through the bucket where a request takes up to
// direct bytes, which is runtimes.MaxDirectUpload for AWS. nil takes none.
func (s *Staging) Takes(size, direct int64, signed bool) bool {
	return s != nil && (size > direct || signed || s.reference())
}

func (s *Staging) reference() bool {
	return s.StorageMode == string(types.S3ObjectStorageModeReference)
}

// in returns the place for a region.
func (s *Staging) in(region string) *Staging {
	if s == nil {
		return nil
	}
	there := *s
	there.Bucket = strings.ReplaceAll(s.Bucket, "{region}", region)
	return &there
}

func (s *Staging) check() error {
	switch {
	case s == nil:
		return nil
	case s.Bucket == "":
		return &LimitError{Attribute: "s3", Problem: "names no bucket"}
	case strings.ContainsAny(strings.ReplaceAll(s.Bucket, "{region}", ""), "{}/"):
		return &LimitError{Attribute: "s3", Problem: fmt.Sprintf("names the bucket %q: only \"{region}\" may be in braces, and folders belong in prefix", s.Bucket)}
	case s.StorageMode != "" && s.StorageMode != "COPY" && !s.reference():
		return &LimitError{Attribute: "s3", Problem: fmt.Sprintf("has storage_mode %q, want \"COPY\" or \"REFERENCE\"", s.StorageMode)}
	}
	return CheckTags("s3", s.Tags)
}

// CheckTags returns a *LimitError of the argument where S3 would refuse the tags
// of an object ("Categorizing your objects using tags" in its user guide).
func CheckTags(argument string, tags map[string]string) error {
	const count, key, value = 10, 128, 256
	if len(tags) > count {
		return &LimitError{Attribute: argument, Problem: fmt.Sprintf("has %d tags, S3 takes %d on an object", len(tags), count)}
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		switch {
		case k == "" || utf8.RuneCountInString(k) > key:
			return &LimitError{Attribute: argument, Problem: fmt.Sprintf("has the tag key %q, S3 takes 1 to %d characters", k, key)}
		case utf8.RuneCountInString(tags[k]) > value:
			return &LimitError{Attribute: argument, Problem: fmt.Sprintf("has a value of more than %d characters for the tag %q", value, k)}
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return &LimitError{Attribute: argument, Problem: fmt.Sprintf("has the tag key %q, and AWS keeps \"aws:\" for itself", k)}
		}
	}
	return nil
}

// key names the object of a zip.
func (r Request) key() string {
	folder := temporary
	if r.Staging.reference() && r.Signing == nil {
		folder = ""
	}
	return r.Staging.Prefix + folder + r.Zip.SHA256.Hex() + upload.Suffix
}

// temporary is the folder of what a publish removes again.
const temporary = "staging/"

// deliver brings the zip on its way: into the request or into the bucket, and
// through the signer. Its bytes were checked against the digest before. What
// it leaves in the bucket is discard's to remove, after an error as well.
func (j *job) deliver(ctx context.Context) (*delivery, error) {
	zip := j.request.Zip
	if !j.request.Staging.Takes(zip.Size, j.transfer.direct, j.request.Signing != nil) {
		var whole bytes.Buffer
		whole.Grow(int(zip.Size) + 1)
		if _, err := zip.Verify(ctx, &whole, zip.Size); err != nil {
			return nil, err
		}
		return &delivery{content: &types.LayerVersionContentInput{ZipFile: whole.Bytes()}, sha256: zip.SHA256.Base64()}, nil
	}
	u, err := j.upload(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.checkBucket(ctx, u); err != nil {
		return nil, err
	}
	d := &delivery{}
	if d.lease, err = j.stagings.Acquire(ctx, u); err != nil {
		return d, fmt.Errorf("staging the zip at %s: %w", u.Address(), err)
	}
	return d, j.present(ctx, u, d)
}

// upload reads the zip and prepares its way.
func (j *job) upload(ctx context.Context) (*upload.Upload, error) {
	zip, at := j.request.Zip, j.request.Staging
	sums, err := zip.Verify(ctx, io.Discard, j.transfer.sections.Size)
	if err != nil {
		return nil, err
	}
	return &upload.Upload{
		Client: j.session.S3(j.region), Place: upload.Place{Bucket: at.Bucket, KMSKeyID: at.KMSKeyID, Tags: at.Tags}, Region: j.region, Key: j.request.key(),
		Zip: zip, Sums: sums, Readable: at.reference(),
		Sections: j.transfer.sections, Grace: j.patience.Grace, Explain: j.session.Explain, Warn: j.warn,
	}, nil
}

// send publishes what was delivered. Where Lambda did not find it, another run
// had put it there and has removed it since: it is then delivered again, once.
func (j *job) send(ctx context.Context, d *delivery) (Version, bool, error) {
	j.delivery = d
	v, taken, err := j.publish(ctx, j.input(d.content))
	if _, gone := errors.AsType[*awsclient.VanishedError](err); !gone || d.lease == nil {
		return v, taken, err
	}
	u, err := j.upload(ctx)
	if err != nil {
		return Version{}, false, err
	}
	if err := d.lease.Renew(ctx, u); err != nil {
		return Version{}, false, fmt.Errorf("staging the zip again at %s: %w", u.Address(), err)
	}
	if err := j.present(ctx, u, d); err != nil {
		return Version{}, false, err
	}
	return j.publish(ctx, j.input(d.content))
}

// present makes the staged zip, or what the signer makes of it, the content of
// the publish.
func (j *job) present(ctx context.Context, u *upload.Upload, d *delivery) error {
	from := d.lease.Object.Stored
	d.sha256 = j.request.Zip.SHA256.Base64()
	if j.request.Signing != nil {
		signed, err := j.sign(ctx, u, from)
		d.signed = signed
		if err != nil {
			return err
		}
		from, d.sha256 = signed.Stored, signed.SHA256
	}
	d.content = &types.LayerVersionContentInput{
		S3Bucket: &j.request.Staging.Bucket, S3Key: &from.Key, S3ObjectStorageMode: types.S3ObjectStorageMode(j.request.Staging.StorageMode),
	}
	if j.request.Staging.reference() {
		if from.VersionID == "" {
			return upload.Unversioned(j.request.Staging.Bucket, `s3.storage_mode "REFERENCE"`)
		}
		d.content.S3ObjectVersion = &from.VersionID
	}
	return nil
}

// discard removes what the publish does not need any more, even if the caller's
// context is over. What cannot be removed is a warning.
func (j *job) discard(ctx context.Context, d *delivery) {
	if d == nil || d.lease == nil {
		return
	}
	u := d.lease.Upload
	j.warnOf(d.lease.Release(ctx, !j.request.Staging.reference() || j.request.Signing != nil))
	if d.signed == nil || j.request.Staging.reference() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.Grace)
	defer cancel()
	j.warnOf(u.Remove(ctx, d.signed.Stored))
}

// warnOf tells that an object stays.
func (j *job) warnOf(err error) {
	if err == nil {
		return
	}
	j.warn(fmt.Sprintf("What was staged for layer %q stays in the bucket %q: %v. Delete it by hand, or let a lifecycle rule expire what is below %q.",
		j.request.LayerName, j.request.Staging.Bucket, err, j.request.Staging.Prefix+temporary))
}

func (j *job) warn(text string) {
	if j.request.Warn != nil {
		j.request.Warn(text)
	}
}
