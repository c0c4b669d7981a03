import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Screens radiographs with the JDK alone (17 or later): {@code java Predict.java
 * http://127.0.0.1:8000 radiograph.dcm …} prints one JSON object a line. A request that finds the
 * service busy or starting is repeated after the seconds that Retry-After states.
 */
public final class Predict {

    private static final Set<Integer> RETRIED = Set.of(429, 503, 504);
    private static final int RETRIES = 5;
    private static final long LONGEST_WAIT_S = 60;

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    private final URI predict;
    private final String key;

    public Predict(String base, String key) {
        this.predict = URI.create(base.replaceAll("/+$", "") + "/v1/predict");
        this.key = key;
    }

    /** Screens one image; parameters as /v1/predict takes them. The answer may be a problem. */
    public HttpResponse<String> screen(byte[] image, Map<String, String> parameters)
            throws IOException, InterruptedException {
        String boundary = UUID.randomUUID().toString();
        HttpRequest.Builder request =
                HttpRequest.newBuilder(predict)
                        .timeout(Duration.ofSeconds(60))
                        .header("Accept", "application/json")
                        .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(form(boundary, image, parameters)));
        if (key != null) {
            request.header("X-API-Key", key);
        }
        for (int left = RETRIES; ; left--) {
            HttpResponse<String> answer =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (!RETRIED.contains(answer.statusCode()) || left == 0) {
                return answer;
            }
            String stated = answer.headers().firstValue("Retry-After").orElse("1");
            long seconds = stated.matches("\\d{1,4}") ? Long.parseLong(stated) : 1;
            Thread.sleep(Duration.ofSeconds(Math.min(seconds, LONGEST_WAIT_S)).toMillis());
        }
    }

    private static byte[] form(String boundary, byte[] image, Map<String, String> parameters)
            throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Map.Entry<String, String> field : parameters.entrySet()) {
            body.write(part(boundary, "name=\"" + field.getKey() + "\""));
            body.write(field.getValue().getBytes(StandardCharsets.UTF_8));
            body.write("\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        // The name of a file may be a patient's: it stays here.
        body.write(part(boundary, "name=\"file\"; filename=\"image\""));
        body.write(image);
        body.write(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        return body.toByteArray();
    }

    private static byte[] part(String boundary, String disposition) {
        return ("--" + boundary + "\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Predict service = new Predict(arguments[0], System.getenv("COVIDXRAY_KEY"));
        boolean failed = false;
        for (int file = 1; file < arguments.length; file++) {
            byte[] image = Files.readAllBytes(Path.of(arguments[file]));
            HttpResponse<String> answer =
                    service.screen(image, Map.of("operating_point", "screening"));
            failed |= answer.statusCode() != 200;
            System.out.println(answer.body());
        }
        System.exit(failed ? 1 : 0);
    }
}
