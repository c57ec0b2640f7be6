// OpenSearch in one process, with what answers HTTP; its settings are those of the file that is named.
import java.nio.file.Path;
import java.util.List;

import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

class OpenSearch extends Node {
    OpenSearch(Settings settings) {
        super(new Environment(settings, null), List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder().loadFromPath(Path.of(arguments[0]));
        new OpenSearch(settings.build()).start();
        Thread.currentThread().join();
    }
}
