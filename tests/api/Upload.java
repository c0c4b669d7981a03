import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;

/** Sends files to an address, one after the other, with the JDK's client as it comes. */
class Upload {
    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newHttpClient();
        for (int i = 1; i < arguments.length; i++) {
            var body = HttpRequest.BodyPublishers.ofFile(Path.of(arguments[i]));
            var request = HttpRequest.newBuilder(URI.create(arguments[0])).POST(body).build();
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        }
    }
}
