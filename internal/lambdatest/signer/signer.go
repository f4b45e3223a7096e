// Package signer is the stand-in of AWS Signer.
package signer

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/s3"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// Signer is the profiles and jobs of all regions.
type Signer struct {
	*wire.State
	buckets    *s3.S3
	profiles   map[string]*signingProfile // by region and name
	jobs       []*Job                     // as they were started
	signedSums bool                       // whether S3 knows the SHA-256 of what Signer writes
}

// New returns the service on a state, beside S3.
func New(state *wire.State, buckets *s3.S3) *Signer {
	return &Signer{State: state, buckets: buckets, profiles: map[string]*signingProfile{}}
}

// Route finds the operation of a call, and what carries it out; nil for none.
func (a *Signer) Route(c *wire.Request) wire.Handler {
	return c.Find([]wire.Route{
		{Method: "POST", Path: "signing-jobs", Operation: "StartSigningJob", Handle: a.startSigningJob},
		{Method: "GET", Path: "signing-jobs/*", Operation: "DescribeSigningJob", Handle: a.describeSigningJob},
	})
}

// signatureFile is in every zip that is signed.
const signatureFile = "META-INF/aws_signer_signature_v1.0.SF"

// SigningProfile is what signs, in one region.
type SigningProfile struct {
	Name string
	// Polls is how many looks at a job find it in progress.
	Polls int
	// Failure is the reason with which jobs fail; "" lets them succeed.
	Failure string
}

type signingProfile struct {
	SigningProfile
	version string
}

// Job is a job as it was started.
type Job struct {
	SigningJob
	region        string
	profile       *signingProfile
	input         signingInput
	created       time.Time
	polls         int
	failure       string
	revoked       bool
	revokedReason string
}

// SigningJob is a started job, for assertions.
type SigningJob struct{ ID, SourceKey, SourceVersion, SignedKey string }

// CreateSigningProfile makes a profile without a call, or changes one.
func (a *Signer) CreateSigningProfile(regionName string, p SigningProfile) {
	a.Lock()
	defer a.Unlock()
	key := regionName + "/" + p.Name
	if old := a.profiles[key]; old != nil {
		old.SigningProfile = p
		return
	}
	a.profiles[key] = &signingProfile{SigningProfile: p, version: fmt.Sprintf("v%09d", a.Next())}
}

// SigningJobs returns the jobs of a region in the order in which they were
// started.
func (a *Signer) SigningJobs(regionName string) []SigningJob {
	a.Lock()
	defer a.Unlock()
	var jobs []SigningJob
	for _, j := range a.jobs {
		if j.region == regionName {
			jobs = append(jobs, j.SigningJob)
		}
	}
	return jobs
}

// Find returns the job of an id, nil where there is none. The state is locked.
func (a *Signer) Find(id string) *Job {
	if at := slices.IndexFunc(a.jobs, func(j *Job) bool { return j.ID == id }); at >= 0 {
		return a.jobs[at]
	}
	return nil
}

// RevokeSignature takes the signature of a job back.
func (a *Signer) RevokeSignature(id, reason string) {
	a.Lock()
	defer a.Unlock()
	if j := a.Find(id); j != nil {
		j.revoked, j.revokedReason = true, reason
	}
}

// ARN names the job.
func (j *Job) ARN() string {
	return "arn:aws:signer:" + j.region + ":" + wire.Account + ":/signing-jobs/" + j.ID
}

// ProfileVersionARN names the version of the profile that signed.
func (j *Job) ProfileVersionARN() string {
	return "arn:aws:signer:" + j.region + ":" + wire.Account + ":/signing-profiles/" + j.profile.Name + "/" + j.profile.version
}

type signingInput struct {
	ClientRequestToken, ProfileName, ProfileOwner string
	Source                                        struct {
		S3 struct{ BucketName, Key, Version string }
	}
	Destination struct {
		S3 struct{ BucketName, Prefix string }
	}
}

func (a *Signer) startSigningJob(c *wire.Request) wire.Reply {
	in := wire.In[signingInput](c)
	answer := func(j *Job) wire.Reply { return wire.OK(map[string]string{"jobId": j.ID, "jobOwner": wire.Account}) }
	for _, j := range a.jobs {
		if j.region == c.Region && j.input.ClientRequestToken == in.ClientRequestToken {
			return answer(j)
		}
	}
	profile := a.profiles[c.Region+"/"+in.ProfileName]
	source, to := a.buckets.Bucket(in.Source.S3.BucketName), a.buckets.Bucket(in.Destination.S3.BucketName)
	switch {
	case in.ClientRequestToken == "" || in.Source.S3.Version == "":
		return c.Fail(http.StatusBadRequest, "ValidationException", "1 validation error detected: Value null failed to satisfy constraint: Member must not be null")
	case profile == nil || in.ProfileOwner != "" && in.ProfileOwner != wire.Account:
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", "Signing profile not found")
	case source == nil || to == nil || source.Region != c.Region || to.Region != c.Region:
		return c.Fail(http.StatusBadRequest, "ValidationException", "The bucket does not exist in this region")
	case !source.Versioned:
		return c.Fail(http.StatusBadRequest, "ValidationException", "Source bucket versioning is not enabled")
	}
	body, _, found := source.Body(in.Source.S3.Key, in.Source.S3.Version)
	if !found {
		return c.Fail(http.StatusBadRequest, "ValidationException", "Source object does not exist")
	}
	j := &Job{
		SigningJob: SigningJob{
			ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", a.Next()), SourceKey: in.Source.S3.Key, SourceVersion: in.Source.S3.Version,
		},
		region: c.Region, profile: profile, input: in, created: time.Now(), polls: profile.Polls, failure: profile.Failure,
	}
	a.jobs = append(a.jobs, j)
	signed, err := signedZip(body, j.ID)
	if err != nil {
		j.failure = err.Error()
	}
	if j.failure == "" {
		j.SignedKey = in.Destination.S3.Prefix + j.ID + ".zip"
		a.buckets.KeepSigned(to, j.SignedKey, signed, j.ID, a.signedChecksum(signed))
	}
	return answer(j)
}

// signedChecksum returns the checksum of a signed object, if it is to have one.
func (a *Signer) signedChecksum(body []byte) http.Header {
	if !a.signedSums {
		return http.Header{}
	}
	return http.Header{"X-Amz-Checksum-Sha256": {wire.Base64SHA256(body)}}
}

// KeepSignedChecksums makes S3 know the SHA-256 of signed objects. By itself it
// knows none, as Signer gives none.
func (a *Signer) KeepSignedChecksums() {
	a.Lock()
	defer a.Unlock()
	a.signedSums = true
}

// signedZip returns the zip with a signature in it. One that has a signature
// already, is empty or is no zip is refused.
func signedZip(body []byte, signature string) ([]byte, error) {
	in, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(in.File) == 0 {
		return nil, fmt.Errorf("the file is not a zip, or an empty one")
	}
	if slices.ContainsFunc(in.File, func(f *zip.File) bool { return f.Name == signatureFile }) {
		return nil, fmt.Errorf("the file is signed already")
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		if err := out.Copy(f); err != nil {
			return nil, err
		}
	}
	w, err := out.Create(signatureFile)
	if err == nil {
		_, err = io.WriteString(w, signature)
	}
	err = errors.Join(err, out.Close())
	return b.Bytes(), err
}

func (a *Signer) describeSigningJob(c *wire.Request) wire.Reply {
	j := a.Find(c.Part[0])
	if j == nil || j.region != c.Region {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", "Signing job not found")
	}
	answer := map[string]any{
		"jobId": j.ID, "jobOwner": wire.Account, "createdAt": j.created.Unix(), "platformId": "AWSLambda-SHA384-ECDSA",
		"profileName": j.profile.Name, "profileVersion": j.profile.version,
		"source":             map[string]any{"s3": map[string]string{"bucketName": j.input.Source.S3.BucketName, "key": j.SourceKey, "version": j.SourceVersion}},
		"signatureExpiresAt": j.created.AddDate(11, 3, 0).Unix(), "status": "InProgress",
	}
	switch {
	case j.polls > 0:
		j.polls--
	case j.failure != "":
		answer["status"], answer["statusReason"] = "Failed", j.failure
	default:
		answer["status"] = "Succeeded"
		answer["signedObject"] = map[string]any{"s3": map[string]string{"bucketName": j.input.Destination.S3.BucketName, "key": j.SignedKey}}
	}
	if j.revoked {
		answer["revocationRecord"] = map[string]any{"reason": j.revokedReason, "revokedAt": time.Now().Unix(), "revokedBy": wire.Account}
	}
	return wire.OK(answer)
}
