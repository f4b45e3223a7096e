package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// The stand-in that the tests of this repository run against agrees with AWS
// on all that is probed here. Stand-ins by others are held to the same probes
// by the live tests.
func TestStandInConforms(t *testing.T) {
	t.Parallel()
	conform(t, lambdatest.New(t).URL(), nil)
}

// probe is one thing that AWS does. It returns an error where the service does
// something else.
type probe struct {
	name string
	run  func(*service) error
}

// service is the endpoint under test, seen by one probe: every probe has a
// layer and a function of its own.
type service struct {
	context.Context
	url    string
	name   string
	lambda *lambda.Client
	s3     *s3.Client
	sts    *sts.Client
	zip    []byte
}

// conform runs every probe. differences names the probes at which the service
// is known to differ from AWS, with what it does; a difference that does not
// occur is as much a failure as one that is not named.
func conform(t *testing.T, endpoint string, differences map[string]string) {
	t.Helper()
	c := aws.Config{
		Region: home, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	probes := slices.Concat(publishProbes(), listProbes(), deleteProbes(), policyProbes(), functionProbes(), otherProbes(), uploadProbes(), objectProbes(), parameterProbes())
	for name := range differences {
		if !slices.ContainsFunc(probes, func(p probe) bool { return p.name == name }) {
			t.Errorf("a difference is named for %q, which is not a probe", name)
		}
	}
	for i, p := range probes {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := &service{
				Context: t.Context(), url: endpoint, name: fmt.Sprintf("probe-%d", i),
				lambda: lambda.NewFromConfig(c), sts: sts.NewFromConfig(c),
				s3:  s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
				zip: zipOf(t, p.name),
			}
			err := p.run(s)
			// A service that answers before it has read the whole request may break
			// the connection off, which is no part of what is compared.
			for try := 2; try <= 5 && awsclient.BrokenOff(err); try++ {
				s.name = fmt.Sprintf("probe-%d-%d", i, try)
				err = p.run(s)
			}
			difference, known := differences[p.name]
			switch {
			case err != nil && !known:
				t.Errorf("differs from AWS: %v", err)
			case err == nil && known:
				t.Errorf("does as AWS does, but is said to differ: %s", difference)
			}
		})
	}
}

// publish makes a version of the probe's layer.
func (s *service) publish(change ...func(*lambda.PublishLayerVersionInput)) (*lambda.PublishLayerVersionOutput, error) {
	in := &lambda.PublishLayerVersionInput{LayerName: &s.name, Content: &types.LayerVersionContentInput{ZipFile: s.zip}}
	for _, f := range change {
		f(in)
	}
	return s.lambda.PublishLayerVersion(s, in)
}

// several makes n versions and fails at the first that fails.
func (s *service) several(n int) error {
	for range n {
		if _, err := s.publish(); err != nil {
			return err
		}
	}
	return nil
}

// refusal returns nil if err is AWS's error with the status and one of the codes.
func refusal(err error, status int, codes ...string) error {
	var said smithy.APIError
	if !errors.As(err, &said) {
		return fmt.Errorf("got error %w, want a refusal with %d %q", err, status, codes)
	}
	if awsclient.StatusOf(err) != status || !slices.Contains(codes, said.ErrorCode()) {
		return fmt.Errorf("refused with %d %s, want %d %q", awsclient.StatusOf(err), said.ErrorCode(), status, codes)
	}
	return nil
}

// same returns nil if got is want.
func same[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}

// refusedPublish probes that a publish is refused as an invalid value.
func refusedPublish(name string, change func(*lambda.PublishLayerVersionInput)) probe {
	return probe{name, func(s *service) error {
		_, err := s.publish(change)
		return refusal(err, 400, "InvalidParameterValueException", "ValidationException")
	}}
}

func publishProbes() []probe {
	return []probe{
		{"publish answers version, digest and size", func(s *service) error {
			out, err := s.publish()
			if err != nil {
				return err
			}
			sum := sha256.Sum256(s.zip)
			return errors.Join(
				same("version", out.Version, 1),
				same("ARN", strings.HasSuffix(aws.ToString(out.LayerVersionArn), ":layer:"+s.name+":1"), true),
				same("CodeSha256", aws.ToString(out.Content.CodeSha256), base64.StdEncoding.EncodeToString(sum[:])),
				same("CodeSize", out.Content.CodeSize, int64(len(s.zip))),
			)
		}},
		{"equal bytes make another version", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			out, err := s.publish()
			if err != nil {
				return err
			}
			return same("version", out.Version, 2)
		}},
		{"created date has milliseconds and an offset", func(s *service) error {
			out, err := s.publish()
			if err != nil {
				return err
			}
			_, err = time.Parse("2006-01-02T15:04:05.000-0700", aws.ToString(out.CreatedDate))
			return err
		}},
		{"publish from S3", func(s *service) error {
			if _, err := s.bucket("x.zip", s.zip, false); err != nil {
				return err
			}
			out, err := s.publish(s.fromS3("x.zip", ""))
			if err != nil {
				return err
			}
			return same("CodeSize", out.Content.CodeSize, int64(len(s.zip)))
		}},
		{"publish from a version of an S3 object", func(s *service) error {
			first, err := s.bucket("x.zip", s.zip, true)
			if err != nil {
				return err
			}
			other := append(bytes.Clone(s.zip), s.zip...)
			if _, err := s.s3.PutObject(s, &s3.PutObjectInput{Bucket: &s.name, Key: aws.String("x.zip"), Body: bytes.NewReader(other)}); err != nil {
				return err
			}
			out, err := s.publish(s.fromS3("x.zip", first))
			if err != nil {
				return err
			}
			return same("CodeSize", out.Content.CodeSize, int64(len(s.zip)))
		}},
		{"S3 object that is not there is refused", func(s *service) error {
			if _, err := s.bucket("x.zip", s.zip, false); err != nil {
				return err
			}
			_, err := s.publish(s.fromS3("y.zip", ""))
			return refusal(err, 400, "InvalidParameterValueException")
		}},
		{"S3 bucket that is not there is refused", func(s *service) error {
			_, err := s.publish(s.fromS3("y.zip", ""))
			return refusal(err, 400, "InvalidParameterValueException")
		}},
		refusedPublish("what is not a zip is refused", func(in *lambda.PublishLayerVersionInput) {
			in.Content.ZipFile = []byte("no zip")
		}),
		refusedPublish("a zip without a file is refused", func(in *lambda.PublishLayerVersionInput) {
			in.Content.ZipFile = append([]byte("PK\x05\x06"), make([]byte, 18)...)
		}),
		refusedPublish("more than 262144000 bytes unzipped are refused", func(in *lambda.PublishLayerVersionInput) {
			in.Content.ZipFile = zeros(262_144_001)
		}),
		refusedPublish("a layer name with a dot is refused", func(in *lambda.PublishLayerVersionInput) {
			in.LayerName = aws.String("probe.dot")
		}),
		refusedPublish("a layer name of 141 characters is refused", func(in *lambda.PublishLayerVersionInput) {
			in.LayerName = aws.String(strings.Repeat("a", 141))
		}),
		refusedPublish("a description of 257 characters is refused", func(in *lambda.PublishLayerVersionInput) {
			in.Description = aws.String(strings.Repeat("a", 257))
		}),
		refusedPublish("an unknown runtime is refused", func(in *lambda.PublishLayerVersionInput) {
			in.CompatibleRuntimes = []types.Runtime{"python2.99"}
		}),
		refusedPublish("16 runtimes are refused", func(in *lambda.PublishLayerVersionInput) {
			in.CompatibleRuntimes = types.Runtime("").Values()[:16]
		}),
		refusedPublish("an unknown architecture is refused", func(in *lambda.PublishLayerVersionInput) {
			in.CompatibleArchitectures = []types.Architecture{"riscv64"}
		}),
	}
}

func listProbes() []probe {
	list := func(s *service, in lambda.ListLayerVersionsInput) ([]int64, *string, error) {
		if in.LayerName == nil {
			in.LayerName = &s.name
		}
		out, err := s.lambda.ListLayerVersions(s, &in)
		if err != nil {
			return nil, nil, err
		}
		var numbers []int64
		for _, item := range out.LayerVersions {
			numbers = append(numbers, item.Version)
		}
		return numbers, out.NextMarker, nil
	}
	want := func(numbers []int64, err error, want ...int64) error {
		if err != nil {
			return err
		}
		return same("the list of versions", fmt.Sprint(numbers), fmt.Sprint(want))
	}
	return []probe{
		{"versions are listed newest first", func(s *service) error {
			if err := s.several(3); err != nil {
				return err
			}
			numbers, _, err := list(s, lambda.ListLayerVersionsInput{})
			return want(numbers, err, 3, 2, 1)
		}},
		{"versions are listed in pages", func(s *service) error {
			if err := s.several(3); err != nil {
				return err
			}
			first, marker, err := list(s, lambda.ListLayerVersionsInput{MaxItems: aws.Int32(2)})
			if err := want(first, err, 3, 2); err != nil {
				return err
			}
			rest, marker, err := list(s, lambda.ListLayerVersionsInput{MaxItems: aws.Int32(2), Marker: marker})
			return errors.Join(want(rest, err, 1), same("the last marker", aws.ToString(marker), ""))
		}},
		{"versions are filtered by runtime", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			if _, err := s.publish(func(in *lambda.PublishLayerVersionInput) { in.CompatibleRuntimes = []types.Runtime{"python3.12"} }); err != nil {
				return err
			}
			numbers, _, err := list(s, lambda.ListLayerVersionsInput{CompatibleRuntime: "python3.12"})
			return want(numbers, err, 2)
		}},
		{"versions are filtered by architecture", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			if _, err := s.publish(func(in *lambda.PublishLayerVersionInput) { in.CompatibleArchitectures = []types.Architecture{"arm64"} }); err != nil {
				return err
			}
			numbers, _, err := list(s, lambda.ListLayerVersionsInput{CompatibleArchitecture: "arm64"})
			return want(numbers, err, 2)
		}},
		{"versions are listed by the layer's ARN", func(s *service) error {
			out, err := s.publish()
			if err != nil {
				return err
			}
			numbers, _, err := list(s, lambda.ListLayerVersionsInput{LayerName: out.LayerArn})
			return want(numbers, err, 1)
		}},
		{"a layer that never was has no versions", func(s *service) error {
			numbers, _, err := list(s, lambda.ListLayerVersionsInput{})
			return want(numbers, err)
		}},
		{"metadata comes back in a list", func(s *service) error {
			if _, err := s.publish(func(in *lambda.PublishLayerVersionInput) {
				in.Description, in.LicenseInfo = aws.String("what it is"), aws.String("MIT")
				in.CompatibleRuntimes, in.CompatibleArchitectures = []types.Runtime{"python3.12"}, []types.Architecture{"arm64"}
			}); err != nil {
				return err
			}
			out, err := s.lambda.ListLayerVersions(s, &lambda.ListLayerVersionsInput{LayerName: &s.name})
			if err != nil || len(out.LayerVersions) != 1 {
				return fmt.Errorf("got %v, %w; want one version", out, err)
			}
			r := Request{Description: "what it is", LicenseInfo: "MIT", Runtimes: []string{"python3.12"}, Architectures: []string{"arm64"}}
			return same("the same metadata", r.sameMetadata(out.LayerVersions[0]), true)
		}},
		{"layers are listed in pages", func(s *service) error {
			for _, name := range []string{s.name + "-a", s.name + "-b"} {
				if _, err := s.publish(func(in *lambda.PublishLayerVersionInput) { in.LayerName = &name }); err != nil {
					return err
				}
			}
			out, err := s.lambda.ListLayers(s, &lambda.ListLayersInput{MaxItems: aws.Int32(1)})
			if err != nil {
				return err
			}
			return errors.Join(same("the length of a page", len(out.Layers), 1), same("a next marker", out.NextMarker != nil, true))
		}},
		{"a layer is described by its version's ARN", func(s *service) error {
			v, err := s.publish()
			if err != nil {
				return err
			}
			out, err := s.lambda.GetLayerVersionByArn(s, &lambda.GetLayerVersionByArnInput{Arn: v.LayerVersionArn})
			if err != nil {
				return err
			}
			return same("version", out.Version, 1)
		}},
		{"a layer is described by its ARN and the number", func(s *service) error {
			v, err := s.publish()
			if err != nil {
				return err
			}
			out, err := s.lambda.GetLayerVersion(s, &lambda.GetLayerVersionInput{LayerName: v.LayerArn, VersionNumber: &v.Version})
			if err != nil {
				return err
			}
			return same("CodeSha256", aws.ToString(out.Content.CodeSha256), aws.ToString(v.Content.CodeSha256))
		}},
		{"the zip can be downloaded", func(s *service) error {
			v, err := s.publish()
			if err != nil {
				return err
			}
			got, err := s.download(aws.ToString(v.Content.Location))
			if err != nil {
				return err
			}
			return same("equal bytes", bytes.Equal(got, s.zip), true)
		}},
	}
}

func deleteProbes() []probe {
	remove := func(s *service, number int64) error {
		_, err := s.lambda.DeleteLayerVersion(s, &lambda.DeleteLayerVersionInput{LayerName: &s.name, VersionNumber: &number})
		return err
	}
	after := func(s *service, made int, gone ...int64) error {
		if err := s.several(made); err != nil {
			return err
		}
		for _, number := range gone {
			if err := remove(s, number); err != nil {
				return err
			}
		}
		out, err := s.publish()
		if err != nil {
			return err
		}
		return same("the next version", out.Version, int64(made+1))
	}
	return []probe{
		{"numbers go on after the newest is deleted", func(s *service) error { return after(s, 2, 2) }},
		{"numbers go on after all are deleted", func(s *service) error { return after(s, 2, 1, 2) }},
		{"a version can be deleted twice", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			return errors.Join(remove(s, 1), remove(s, 1))
		}},
		{"a version of a layer that never was can be deleted", func(s *service) error { return remove(s, 1) }},
		{"a deleted version is gone", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			if err := remove(s, 1); err != nil {
				return err
			}
			_, err := s.lambda.GetLayerVersion(s, &lambda.GetLayerVersionInput{LayerName: &s.name, VersionNumber: aws.Int64(1)})
			return refusal(err, 404, "ResourceNotFoundException")
		}},
	}
}

// fromS3 makes a publish take its zip from the probe's bucket.
func (s *service) fromS3(key, version string) func(*lambda.PublishLayerVersionInput) {
	return func(in *lambda.PublishLayerVersionInput) {
		in.Content = &types.LayerVersionContentInput{S3Bucket: &s.name, S3Key: &key, S3ObjectVersion: awsclient.Optional(version)}
	}
}

// bucket makes the probe's bucket with one object, and returns its version.
func (s *service) bucket(key string, body []byte, versioned bool) (string, error) {
	if _, err := s.s3.CreateBucket(s, &s3.CreateBucketInput{Bucket: &s.name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{
		LocationConstraint: s3types.BucketLocationConstraint(home),
	}}); err != nil {
		return "", err
	}
	if versioned {
		if _, err := s.s3.PutBucketVersioning(s, &s3.PutBucketVersioningInput{Bucket: &s.name, VersioningConfiguration: &s3types.VersioningConfiguration{
			Status: s3types.BucketVersioningStatusEnabled,
		}}); err != nil {
			return "", err
		}
	}
	out, err := s.s3.PutObject(s, &s3.PutObjectInput{Bucket: &s.name, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.VersionId), nil
}

func (s *service) download(location string) (_ []byte, err error) {
	if _, err := url.Parse(location); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(s, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("downloading answers %s", answer.Status)
	}
	return io.ReadAll(answer.Body)
}
