package lambdatest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

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

type signingJob struct {
	id, region    string
	profile       *signingProfile
	input         signingInput
	signedKey     string
	created       time.Time
	polls         int
	failure       string
	revoked       bool
	revokedReason string
}

// SigningJob is a started job, for assertions.
type SigningJob struct {
	ID, Profile, SourceKey, SourceVersion, SignedKey string
}

// CreateSigningProfile makes a profile without a call, or changes one.
func (a *AWS) CreateSigningProfile(regionName string, p SigningProfile) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.profiles == nil {
		a.profiles = map[string]*signingProfile{}
	}
	key := regionName + "/" + p.Name
	if old := a.profiles[key]; old != nil {
		old.SigningProfile = p
		return
	}
	a.profiles[key] = &signingProfile{SigningProfile: p, version: fmt.Sprintf("v%09d", a.next())}
}

// SigningJobs returns the jobs of a region in the order in which they were
// started.
func (a *AWS) SigningJobs(regionName string) []SigningJob {
	a.mu.Lock()
	defer a.mu.Unlock()
	var jobs []SigningJob
	for _, j := range a.signingJobs {
		if j.region == regionName {
			s := j.input.Source.S3
			jobs = append(jobs, SigningJob{ID: j.id, Profile: j.profile.Name, SourceKey: s.Key, SourceVersion: s.Version, SignedKey: j.signedKey})
		}
	}
	return jobs
}

// RevokeSignature takes the signature of a job back.
func (a *AWS) RevokeSignature(id, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.signingJobs {
		if j.id == id {
			j.revoked, j.revokedReason = true, reason
		}
	}
}

func (j *signingJob) arn() string {
	return "arn:aws:signer:" + j.region + ":" + Account + ":/signing-jobs/" + j.id
}

func (j *signingJob) profileVersionARN() string {
	return "arn:aws:signer:" + j.region + ":" + Account + ":/signing-profiles/" + j.profile.Name + "/" + j.profile.version
}

func (c *call) routeSigner() handler {
	path := strings.Split(strings.Trim(c.URL.EscapedPath(), "/"), "/")
	switch {
	case c.Method == http.MethodPost && len(path) == 1 && path[0] == "signing-jobs":
		c.operation = "StartSigningJob"
		return startSigningJob
	case c.Method == http.MethodGet && len(path) == 2 && path[0] == "signing-jobs":
		c.operation, c.part = "DescribeSigningJob", path[1:]
		return describeSigningJob
	}
	return nil
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

func startSigningJob(a *AWS, c *call) reply {
	var in signingInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.fail(http.StatusBadRequest, "ValidationException", "could not parse the request body")
	}
	answer := func(j *signingJob) reply { return ok(map[string]string{"jobId": j.id, "jobOwner": Account}) }
	for _, j := range a.signingJobs {
		if j.region == c.region && j.input.ClientRequestToken == in.ClientRequestToken {
			return answer(j)
		}
	}
	profile := a.profiles[c.region+"/"+in.ProfileName]
	source, to := a.buckets[in.Source.S3.BucketName], a.buckets[in.Destination.S3.BucketName]
	var o *object
	switch {
	case in.ClientRequestToken == "" || in.Source.S3.Version == "":
		return c.fail(http.StatusBadRequest, "ValidationException", "1 validation error detected: Value null failed to satisfy constraint: Member must not be null")
	case profile == nil || in.ProfileOwner != "" && in.ProfileOwner != Account:
		return c.fail(http.StatusNotFound, "ResourceNotFoundException", "Signing profile not found")
	case source == nil || to == nil || source.region != c.region || to.region != c.region:
		return c.fail(http.StatusBadRequest, "ValidationException", "The bucket does not exist in this region")
	case !source.versioned:
		return c.fail(http.StatusBadRequest, "ValidationException", "Source bucket versioning is not enabled")
	default:
		if o = source.find(in.Source.S3.Key, in.Source.S3.Version); o == nil {
			return c.fail(http.StatusBadRequest, "ValidationException", "Source object does not exist")
		}
	}
	j := &signingJob{
		id: fmt.Sprintf("00000000-0000-4000-8000-%012d", a.next()), region: c.region, profile: profile, input: in,
		created: time.Now(), polls: profile.Polls, failure: profile.Failure,
	}
	a.signingJobs = append(a.signingJobs, j)
	signed, err := signedZip(o.body, j.id)
	if err != nil {
		j.failure = err.Error()
	}
	if j.failure == "" {
		j.signedKey = in.Destination.S3.Prefix + j.id + ".zip"
		a.keep(to, &object{
			key: j.signedKey, version: "null", body: signed, etag: etag(signed), header: http.Header{"Content-Type": {"application/zip"}},
			checksums: a.signedChecksum(signed), modified: time.Now().UTC(), signing: j,
		})
	}
	return answer(j)
}

// signedChecksum returns the checksum of a signed object, if it is to have one.
func (a *AWS) signedChecksum(body []byte) http.Header {
	if !a.signedSums {
		return http.Header{}
	}
	return http.Header{"X-Amz-Checksum-Sha256": {base64SHA256(body)}}
}

// KeepSignedChecksums makes S3 know the SHA-256 of signed objects. By itself it
// knows none, as Signer gives none.
func (a *AWS) KeepSignedChecksums() {
	a.mu.Lock()
	defer a.mu.Unlock()
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
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, signature); err != nil {
		return nil, err
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func describeSigningJob(a *AWS, c *call) reply {
	at := slices.IndexFunc(a.signingJobs, func(j *signingJob) bool { return j.id == c.part[0] && j.region == c.region })
	if at < 0 {
		return c.fail(http.StatusNotFound, "ResourceNotFoundException", "Signing job not found")
	}
	j := a.signingJobs[at]
	s := j.input.Source.S3
	answer := map[string]any{
		"jobId": j.id, "jobOwner": Account, "createdAt": j.created.Unix(), "platformId": "AWSLambda-SHA384-ECDSA",
		"profileName": j.profile.Name, "profileVersion": j.profile.version,
		"source":             map[string]any{"s3": map[string]string{"bucketName": s.BucketName, "key": s.Key, "version": s.Version}},
		"signatureExpiresAt": j.created.AddDate(11, 3, 0).Unix(), "status": "InProgress",
	}
	switch {
	case j.polls > 0:
		j.polls--
	case j.failure != "":
		answer["status"], answer["statusReason"] = "Failed", j.failure
	default:
		answer["status"] = "Succeeded"
		answer["signedObject"] = map[string]any{"s3": map[string]string{"bucketName": j.input.Destination.S3.BucketName, "key": j.signedKey}}
	}
	if j.revoked {
		answer["revocationRecord"] = map[string]any{"reason": j.revokedReason, "revokedAt": time.Now().Unix(), "revokedBy": Account}
	}
	return ok(answer)
}
